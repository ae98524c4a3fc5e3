"""People over REST."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from chatapp.auth.presenters import account_json
from chatapp.conversation.presenters import person_json
from chatapp.identity import caller
from chatapp.user import bp, queries
from chatapp.user.schemas import DirectoryQuery
from chatapp.validation import read_query


@bp.get("/api/users/me")
def me() -> Any:
    """One's own account."""
    return dict(account_json(caller()))


@bp.get("/api/users")
def people() -> Any:
    """The people directory, without oneself."""
    page = queries.directory(caller().id, read_query(DirectoryQuery))
    return {"items": [person_json(user) for user in page.items], "next_cursor": page.next_cursor}


@bp.get("/api/users/<uuid:user_id>")
def person(user_id: UUID) -> Any:
    """Someone's public profile."""
    return dict(person_json(queries.person(str(user_id))))
