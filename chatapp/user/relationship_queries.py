"""Reads of a person's contacts and blocks."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import select, tuple_

from chatapp.core.clock import iso, parse
from chatapp.core.cursors import decode_cursor
from chatapp.core.db import db
from chatapp.core.errors import NotFound
from chatapp.core.paging import Page, PageQuery, make_page
from chatapp.core.validation import parse_uuid
from chatapp.models import Block, Contact, User
from chatapp.user.listing import BY_NAME, is_listed_for, matches
from chatapp.user.presenters import (
    RelationshipJson,
    relationship_json,
)
from chatapp.user.queries import get_person, present_profiles
from chatapp.user.schemas import DirectoryQuery


def list_contacts(user_id: str, query: DirectoryQuery) -> Page[RelationshipJson]:
    """Return a page of this person's contacts by name, except those blocked either way."""
    own = (
        select(User, Contact.created_at)
        .join(Contact, Contact.contact_id == User.id)
        .where(Contact.user_id == user_id, is_listed_for(user_id), *matches(query))
    )
    rows = db.session.execute(own.order_by(*BY_NAME).limit(query.limit + 1)).all()
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


def _relationships(viewer_id: str, rows: Sequence[tuple[User, datetime]]) -> list[RelationshipJson]:
    profiles = present_profiles(viewer_id, [user for user, _ in rows])
    return [
        relationship_json(profile, since)
        for profile, (_, since) in zip(profiles, rows, strict=True)
    ]
