"""REST calls for the caller's contacts and blocks."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from chatapp.core.paging import PageQuery
from chatapp.security.identity import caller
from chatapp.security.view_policy import policy
from chatapp.user import bp, relationship_queries, relationships
from chatapp.user.schemas import DirectoryQuery, NewContact
from chatapp.web.request_input import read_json, read_query


@bp.post("/api/users/<uuid:user_id>/block")
@policy(scope="users:write")
def block(user_id: UUID) -> Any:
    """Block a person (204)."""
    relationships.block(caller().id, str(user_id))
    return "", 204


@bp.delete("/api/users/<uuid:user_id>/block")
@policy(scope="users:write")
def unblock(user_id: UUID) -> Any:
    """Unblock a person (204)."""
    relationships.unblock(caller().id, str(user_id))
    return "", 204


@bp.get("/api/blocks")
@policy(scope="users:read")
def blocks() -> Any:
    """List the people that the caller blocks, newest block first."""
    page = relationship_queries.list_blocked(caller().id, read_query(PageQuery))
    return {"items": page.items, "next_cursor": page.next_cursor}


@bp.get("/api/contacts")
@policy(scope="users:read")
def contacts() -> Any:
    """List the caller's contacts by name."""
    page = relationship_queries.list_contacts(caller().id, read_query(DirectoryQuery))
    return {"items": page.items, "next_cursor": page.next_cursor}


@bp.post("/api/contacts")
@policy(scope="users:write")
def add_contact() -> Any:
    """Add a contact (201), or return the existing one (200)."""
    contact, is_new = relationships.add_contact(caller().id, read_json(NewContact).user_id)
    return dict(contact), 201 if is_new else 200


@bp.delete("/api/contacts/<uuid:user_id>")
@policy(scope="users:write")
def remove_contact(user_id: UUID) -> Any:
    """Remove a contact (204)."""
    relationships.remove_contact(caller().id, str(user_id))
    return "", 204
