"""Read people: the directory, profiles, contacts, blocks."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, select, true, tuple_
from sqlalchemy.orm import aliased

from chatapp.conversation.audience import presence_for
from chatapp.conversation.blocks import blocked_with, blockers_between
from chatapp.conversation.conversations import own_conversations
from chatapp.core.clock import iso, parse
from chatapp.core.db import db
from chatapp.core.errors import NotFound
from chatapp.core.paging import Page, PageQuery, decode_cursor, make_page
from chatapp.core.validation import clean, parse_uuid
from chatapp.models import Block, Contact, Conversation, Participant, User
from chatapp.user.presenters import (
    ProfileJson,
    RelationshipJson,
    profile_json,
    relationship_json,
)
from chatapp.user.schemas import DirectoryQuery

#: Groups in common that a person's page lists.
MAX_COMMON_GROUPS = 20
_BY_NAME = (User.name, User.id)


def list_directory(user_id: str, query: DirectoryQuery) -> Page[ProfileJson]:
    """Return a page of all other people by name, except those blocked either way.

    The query matches names and usernames, ignoring case.
    """
    people = select(User).where(is_listed_for(user_id), *_matches(query))
    rows = db.session.scalars(people.order_by(*_BY_NAME).limit(query.limit + 1)).all()
    page = make_page(rows, query.limit, lambda user: (user.name, user.id))
    return Page(_profiles(user_id, page.items), page.next_cursor)


def get_person(viewer_id: str, user_id: str) -> ProfileJson:
    """Return an active person's profile as the viewer may see it. Raises NotFound."""
    user = db.session.get(User, user_id)
    if user is None or not user.is_active or user.deleted_at is not None:
        raise NotFound("This person doesn't exist.")
    return _profiles(viewer_id, [user])[0]


@dataclass(frozen=True, slots=True)
class PersonDetails:
    """A person, and how they are related to the viewer."""

    person: ProfileJson
    is_contact: bool
    #: Ids of those of the two who block the other.
    blockers: set[str]
    #: The latest `MAX_COMMON_GROUPS` groups that both are in, and how many there are in all.
    groups: list[Conversation]
    group_count: int


def get_person_details(viewer_id: str, user_id: str) -> PersonDetails:
    """Return what an active person's page shows to the viewer. Raises NotFound."""
    person = get_person(viewer_id, user_id)
    theirs = aliased(Participant)
    groups = (
        own_conversations(viewer_id)
        .join(theirs, theirs.conversation_id == Conversation.id)
        .where(Conversation.kind == "group", theirs.user_id == user_id, theirs.left_at.is_(None))
    )
    latest = groups.order_by(Conversation.active_at.desc(), Conversation.id.desc())
    return PersonDetails(
        person=person,
        is_contact=user_id in find_contact_ids(viewer_id, [user_id]),
        blockers=blockers_between(viewer_id, user_id),
        groups=list(db.session.scalars(latest.limit(MAX_COMMON_GROUPS))),
        group_count=db.session.scalars(groups.with_only_columns(func.count())).one(),
    )


def list_contacts(user_id: str, query: DirectoryQuery) -> Page[RelationshipJson]:
    """Return a page of this person's contacts by name, except those blocked either way."""
    own = (
        select(User, Contact.created_at)
        .join(Contact, Contact.contact_id == User.id)
        .where(Contact.user_id == user_id, is_listed_for(user_id), *_matches(query))
    )
    rows = db.session.execute(own.order_by(*_BY_NAME).limit(query.limit + 1)).all()
    page = make_page(rows, query.limit, lambda row: (row[0].name, row[0].id))
    return Page(_relationships(user_id, page.items), page.next_cursor)


def get_contact(user_id: str, other_id: str) -> RelationshipJson:
    """Return one of this person's contacts. Raises NotFound."""
    since = db.session.scalar(
        select(Contact.created_at).where(Contact.user_id == user_id, Contact.contact_id == other_id)
    )
    if since is None:
        raise NotFound()
    return relationship_json(get_person(user_id, other_id), since)


def find_contact_ids(user_id: str, user_ids: Collection[str]) -> dict[str, str]:
    """Map those of ``user_ids`` that are contacts of this person to the contact's id."""
    rows = db.session.execute(
        select(Contact.contact_id, Contact.id).where(
            Contact.user_id == user_id, Contact.contact_id.in_(user_ids)
        )
    )
    return {row.contact_id: row.id for row in rows}


def find_creation_times(user_ids: Collection[str]) -> dict[str, str]:
    """Map each user id to when the account was created."""
    rows = db.session.execute(select(User.id, User.created_at).where(User.id.in_(user_ids)))
    return {row.id: iso(row.created_at) for row in rows}


def list_blocked(user_id: str, query: PageQuery) -> Page[RelationshipJson]:
    """Return a page of the people that this person blocks, newest block first."""
    own = (
        select(User, Block.created_at)
        .join(Block, Block.blocked_id == User.id)
        .where(Block.blocker_id == user_id, User.deleted_at.is_(None))
    )
    after = decode_cursor(query.cursor, parse, parse_uuid)
    if after:
        own = own.where(tuple_(Block.created_at, User.id) < tuple(after))
    own = own.order_by(Block.created_at.desc(), User.id.desc()).limit(query.limit + 1)
    rows = db.session.execute(own).all()
    page = make_page(rows, query.limit, lambda row: (iso(row[1]), row[0].id))
    return Page(_relationships(user_id, page.items), page.next_cursor)


def is_listed_for(viewer_id: str) -> ColumnElement[bool]:
    """Match the people that the viewer sees in lists: active, not blocked, not the viewer."""
    hidden = [viewer_id, *blocked_with(viewer_id)]
    return and_(User.id.not_in(hidden), User.is_active, User.deleted_at.is_(None))


def name_matches(q: str) -> ColumnElement[bool]:
    """Match names and usernames that contain ``q``, ignoring case; an empty ``q`` matches all."""
    return User.name_contains(q) if q else true()


def _matches(query: DirectoryQuery) -> list[ColumnElement[bool]]:
    """Return the conditions for the query's text and for its cursor in a list by name."""
    conditions = [name_matches(query.q)]
    after = decode_cursor(query.cursor, clean, parse_uuid)
    if after:
        conditions.append(tuple_(*_BY_NAME) > tuple(after))
    return conditions


def _profiles(viewer_id: str, people: Sequence[User]) -> list[ProfileJson]:
    """Return the profiles as the viewer may see them, with presence."""
    viewer = db.session.get_one(User, viewer_id)
    visible = presence_for(viewer_id, [user.id for user in people])
    return [profile_json(user, viewer, online=visible.get(user.id)) for user in people]


def _relationships(viewer_id: str, rows: Sequence[tuple[User, datetime]]) -> list[RelationshipJson]:
    profiles = _profiles(viewer_id, [user for user, _ in rows])
    return [
        relationship_json(profile, since)
        for profile, (_, since) in zip(profiles, rows, strict=True)
    ]
