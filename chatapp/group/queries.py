"""Reads of groups."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, case, func, select, tuple_

from chatapp.conversation.conversations import own_conversations
from chatapp.conversation.members import next_owner
from chatapp.conversation.person_presenters import PersonJson, avatar_url, person_json
from chatapp.conversation.presence_visibility import visible_presence
from chatapp.core.cursors import decode_cursor, encode_cursor
from chatapp.core.db import db, snapshot
from chatapp.core.errors import NotFound
from chatapp.core.paging import Page, PageQuery, make_page
from chatapp.core.validation import clean, parse_uuid
from chatapp.group.access import access_group, check_role
from chatapp.group.presenters import GroupJson, MemberJson, group_json, member_json
from chatapp.models import Contact, Conversation, Group, Participant, User
from chatapp.user.listing import is_listed_for, name_matches
from chatapp.user.schemas import DirectoryQuery


def groups(user_id: str, query: PageQuery) -> Page[GroupJson]:
    """Return a page of a person's groups with all members, the newest group first."""
    own = own_conversations(user_id).where(Group.id.is_not(None))
    after = decode_cursor(query.cursor, int)
    if after:
        own = own.where(Conversation.id < after[0])
    with snapshot():
        rows = db.session.execute(own.order_by(Conversation.id.desc()).limit(query.limit + 1)).all()
        shown = [(row[0], row[2]) for row in rows[: query.limit]]
        cursor = encode_cursor([shown[-1][0].id]) if len(rows) > query.limit else None
        return Page(_present(user_id, shown), cursor)


def group(user_id: str, group_id: str) -> GroupJson:
    """Return a group with its members. Raises NotFound."""
    with snapshot():
        row = db.session.execute(
            own_conversations(user_id).where(Group.id == group_id, Group.deleted_at.is_(None))
        ).one_or_none()
        if row is None:
            raise NotFound()
        return _present(user_id, [(row[0], row[2])])[0]


@dataclass(frozen=True, slots=True)
class Overview:
    """A group as its page shows it to a member, without the members: there may be hundreds."""

    id: str
    conversation_id: int
    name: str
    description: str | None
    group_picture: str | None
    avatar_url: str | None
    announcements_only: bool
    #: The viewer's role.
    role: str
    count: int
    #: The name of the member who will own it if the viewer, its only owner, leaves.
    next_owner: str | None

    @property
    def manages(self) -> bool:
        """Check whether the viewer may change the group."""
        return self.role in ("owner", "admin")


def overview(user_id: str, group_id: str, *, for_admins: bool = False) -> Overview:
    """Return a group as its page shows it. Raises NotFound; Forbidden with ``for_admins``."""
    with snapshot():
        access = access_group(user_id, group_id)
        if for_admins:
            check_role(access.participant, "owner", "admin")
        count, owners = db.session.execute(
            select(func.count(), func.count(case((Participant.member_role == "owner", 1)))).where(
                *_members_of(access.conversation.id)
            )
        ).one()
        next_owner_name = None
        if access.participant.member_role == "owner" and owners == 1 and count > 1:
            successor = next_owner(db.session(), access.conversation.id, user_id)
            next_owner_name = db.session.get_one(User, successor.user_id).name
        return Overview(
            id=access.group.id,
            conversation_id=access.conversation.id,
            name=access.conversation.name or "",
            description=access.group.description,
            group_picture=access.group.group_picture,
            avatar_url=avatar_url(access.group),
            announcements_only=access.conversation.announcements_only,
            role=access.participant.member_role,
            count=count,
            next_owner=next_owner_name,
        )


def members(user_id: str, group_id: str, query: DirectoryQuery) -> Page[MemberJson]:
    """Return a page of a group's members: owners, admins, then others, by name. Raises NotFound."""
    rank = case(
        (Participant.member_role == "owner", 0), (Participant.member_role == "admin", 1), else_=2
    )
    with snapshot():
        access = access_group(user_id, group_id)
        people = (
            select(Participant, User, rank)
            .join(User, User.id == Participant.user_id)
            .where(*_members_of(access.conversation.id), name_matches(query.q))
        )
        after = decode_cursor(query.cursor, int, clean, parse_uuid)
        if after:
            people = people.where(tuple_(rank, User.name, User.id) > tuple(after))
        rows = db.session.execute(people.order_by(rank, User.name, User.id).limit(query.limit + 1))
        page = make_page(rows.all(), query.limit, lambda row: (row[2], row[1].name, row[1].id))
        presence = visible_presence(user_id, {row[1].id for row in page.items})
        items = [
            member_json(row[0], row[1], presence=presence.get(row[1].id)) for row in page.items
        ]
        return Page(items, page.next_cursor)


def candidates(
    user_id: str, query: DirectoryQuery, group_id: str | None, *, exclude: Collection[str]
) -> Page[PersonJson]:
    """Return a page of people this person may add to a group, contacts first, then by name.

    Leaves out the group's members and the people in ``exclude``.
    """
    contacts = select(Contact.contact_id).where(Contact.user_id == user_id)
    rank = case((User.id.in_(contacts), 0), else_=1)
    people = _outside(user_id, group_id, query.q).where(User.id.not_in(exclude))
    after = decode_cursor(query.cursor, int, clean, parse_uuid)
    if after:
        people = people.where(tuple_(rank, User.name, User.id) > tuple(after))
    with snapshot():
        rows = db.session.execute(
            people.add_columns(rank).order_by(rank, User.name, User.id).limit(query.limit + 1)
        )
        page = make_page(rows.all(), query.limit, lambda row: (row[1], row[0].name, row[0].id))
        return Page([person_json(row[0]) for row in page.items], page.next_cursor)


def picked(user_id: str, ids: Collection[str], group_id: str | None) -> list[PersonJson]:
    """Return those of these people this person may add to a group, by name."""
    with snapshot():
        people = _outside(user_id, group_id).where(User.id.in_(ids)).order_by(User.name, User.id)
        return [person_json(user) for user in db.session.scalars(people)]


def _outside(user_id: str, group_id: str | None, q: str = "") -> Select[User]:
    people = select(User).where(is_listed_for(user_id), name_matches(q))
    if group_id is None:
        return people
    inside = (
        select(Participant.user_id)
        .join(Group, Group.conversation_id == Participant.conversation_id)
        .where(Group.id == group_id, Participant.left_at.is_(None))
    )
    return people.where(User.id.not_in(inside))


def _members_of(conversation_id: int) -> tuple[ColumnElement[bool], ...]:
    return Participant.conversation_id == conversation_id, Participant.left_at.is_(None)


def _present(viewer_id: str, rows: list[tuple[Conversation, Group]]) -> list[GroupJson]:
    ids = [conversation.id for conversation, _ in rows]
    members: dict[int, list[tuple[Participant, User]]] = {id_: [] for id_ in ids}
    for member, user in db.session.execute(
        select(Participant, User)
        .join(User, User.id == Participant.user_id)
        .where(Participant.conversation_id.in_(ids), Participant.left_at.is_(None))
        .order_by(Participant.joined_at, Participant.user_id)
    ):
        members[member.conversation_id].append((member, user))
    user_ids = {user.id for pairs in members.values() for _, user in pairs}
    presence = visible_presence(viewer_id, user_ids)
    return [
        group_json(group, conversation, members[conversation.id], presence=presence)
        for conversation, group in rows
    ]
