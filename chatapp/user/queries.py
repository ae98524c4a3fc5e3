"""Reads about people."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, select, true, tuple_
from sqlalchemy.orm import aliased

from chatapp.conversation.audience import presence_for
from chatapp.conversation.blocks import blocked_with, blockers_between
from chatapp.conversation.queries import own_conversations
from chatapp.core.clock import iso, parse
from chatapp.core.db import db
from chatapp.core.errors import NotFound
from chatapp.core.paging import Page, PageQuery, decode_cursor, page_of
from chatapp.core.validation import clean, uuid_of
from chatapp.models import Block, Contact, Conversation, Participant, User
from chatapp.user.presenters import ProfileJson, SinceJson, profile_json, since_json
from chatapp.user.schemas import DirectoryQuery

#: Groups in common that somebody's page names.
GROUPS_SHOWN = 20
_BY_NAME = (User.name, User.id)


def directory(user_id: str, query: DirectoryQuery) -> Page[ProfileJson]:
    """Everyone else with an account but those blocked either way, by name.

    Searched in name and username, without regard to case.
    """
    people = select(User).where(in_lists_for(user_id), *_asked_for(query))
    rows = db.session.scalars(people.order_by(*_BY_NAME).limit(query.limit + 1)).all()
    page = page_of(rows, query.limit, lambda user: (user.name, user.id))
    return Page(_present(user_id, page.items), page.next_cursor)


def person(viewer_id: str, user_id: str) -> ProfileJson:
    """One active person's profile, as the viewer may know it. Raises NotFound."""
    user = db.session.get(User, user_id)
    if user is None or not user.is_active or user.deleted_at is not None:
        raise NotFound("There is nobody here by this id.")
    return _present(viewer_id, [user])[0]


@dataclass(frozen=True, slots=True)
class Acquaintance:
    """A person, and what stands between them and the viewer."""

    person: ProfileJson
    is_contact: bool
    #: Those of the two who block the other.
    blockers: set[str]
    #: The viewer's latest `GROUPS_SHOWN` groups that the person is in too, and how many there are.
    groups: list[Conversation]
    group_count: int


def acquaintance(viewer_id: str, user_id: str) -> Acquaintance:
    """One active person as their page shows them to the viewer. Raises NotFound."""
    shown = person(viewer_id, user_id)
    theirs = aliased(Participant)
    groups = (
        own_conversations(viewer_id)
        .join(theirs, theirs.conversation_id == Conversation.id)
        .where(Conversation.kind == "group", theirs.user_id == user_id, theirs.left_at.is_(None))
    )
    latest = groups.order_by(Conversation.active_at.desc(), Conversation.id.desc())
    return Acquaintance(
        person=shown,
        is_contact=user_id in contact_ids(viewer_id, [user_id]),
        blockers=blockers_between(viewer_id, user_id),
        groups=list(db.session.scalars(latest.limit(GROUPS_SHOWN))),
        group_count=db.session.scalars(groups.with_only_columns(func.count())).one(),
    )


def contacts(user_id: str, query: DirectoryQuery) -> Page[SinceJson]:
    """This person's contacts but those blocked either way, by name; searched as the directory."""
    own = (
        select(User, Contact.created_at)
        .join(Contact, Contact.contact_id == User.id)
        .where(Contact.user_id == user_id, in_lists_for(user_id), *_asked_for(query))
    )
    rows = db.session.execute(own.order_by(*_BY_NAME).limit(query.limit + 1)).all()
    page = page_of(rows, query.limit, lambda row: (row[0].name, row[0].id))
    return Page(_present_since(user_id, page.items), page.next_cursor)


def contact(user_id: str, other_id: str) -> SinceJson:
    """One of this person's contacts. Raises NotFound."""
    since = db.session.scalar(
        select(Contact.created_at).where(Contact.user_id == user_id, Contact.contact_id == other_id)
    )
    if since is None:
        raise NotFound()
    return since_json(person(user_id, other_id), since)


def contact_ids(user_id: str, user_ids: Collection[str]) -> dict[str, str]:
    """Those of these people who are among this person's contacts, each with the contact's id."""
    rows = db.session.execute(
        select(Contact.contact_id, Contact.id).where(
            Contact.user_id == user_id, Contact.contact_id.in_(user_ids)
        )
    )
    return {row.contact_id: row.id for row in rows}


def members_since(user_ids: Collection[str]) -> dict[str, str]:
    """When the account of each of these people was made."""
    rows = db.session.execute(select(User.id, User.created_at).where(User.id.in_(user_ids)))
    return {row.id: iso(row.created_at) for row in rows}


def blocked(user_id: str, query: PageQuery) -> Page[SinceJson]:
    """Those whom this person blocks, the last one first."""
    own = (
        select(User, Block.created_at)
        .join(Block, Block.blocked_id == User.id)
        .where(Block.blocker_id == user_id, User.deleted_at.is_(None))
    )
    after = decode_cursor(query.cursor, parse, uuid_of)
    if after:
        own = own.where(tuple_(Block.created_at, User.id) < tuple(after))
    own = own.order_by(Block.created_at.desc(), User.id.desc()).limit(query.limit + 1)
    rows = db.session.execute(own).all()
    page = page_of(rows, query.limit, lambda row: (iso(row[1]), row[0].id))
    return Page(_present_since(user_id, page.items), page.next_cursor)


def in_lists_for(viewer_id: str) -> ColumnElement[bool]:
    """Whom the viewer finds in lists of people."""
    hidden = [viewer_id, *blocked_with(viewer_id)]
    return and_(User.id.not_in(hidden), User.is_active, User.deleted_at.is_(None))


def is_called(q: str) -> ColumnElement[bool]:
    """Whose name or username contains this, without regard to case; everybody, of nothing."""
    return User.is_called(q) if q else true()


def _asked_for(query: DirectoryQuery) -> list[ColumnElement[bool]]:
    """Whom the query asks for, in a list by name."""
    conditions = [is_called(query.q)]
    after = decode_cursor(query.cursor, clean, uuid_of)
    if after:
        conditions.append(tuple_(*_BY_NAME) > tuple(after))
    return conditions


def _present(viewer_id: str, people: Sequence[User]) -> list[ProfileJson]:
    """Their profiles, with what is for the viewer alone."""
    viewer = db.session.get_one(User, viewer_id)
    visible = presence_for(viewer_id, [user.id for user in people])
    return [profile_json(user, viewer, online=visible.get(user.id)) for user in people]


def _present_since(viewer_id: str, rows: Sequence[tuple[User, datetime]]) -> list[SinceJson]:
    profiles = _present(viewer_id, [user for user, _ in rows])
    return [since_json(profile, since) for profile, (_, since) in zip(profiles, rows, strict=True)]
