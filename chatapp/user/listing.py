"""The people that a list shows to a viewer, and those that a search finds."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, true, tuple_

from chatapp.conversation.blocks import blocked_with
from chatapp.core.cursors import decode_cursor
from chatapp.core.validation import clean, parse_uuid
from chatapp.models import User
from chatapp.user.schemas import DirectoryQuery

BY_NAME = (User.name, User.id)


def is_listed_for(viewer_id: str) -> ColumnElement[bool]:
    """Match the people that the viewer sees in lists: active, not blocked, not the viewer."""
    hidden = [viewer_id, *blocked_with(viewer_id)]
    return and_(User.id.not_in(hidden), User.is_active, User.deleted_at.is_(None))


def name_matches(q: str) -> ColumnElement[bool]:
    """Match names and usernames that contain ``q``, ignoring case; an empty ``q`` matches all."""
    return User.name_contains(q) if q else true()


def matches(query: DirectoryQuery) -> list[ColumnElement[bool]]:
    """Return the conditions for the query's text and for its cursor in a list by name."""
    conditions = [name_matches(query.q)]
    after = decode_cursor(query.cursor, clean, parse_uuid)
    if after:
        conditions.append(tuple_(*BY_NAME) > tuple(after))
    return conditions
