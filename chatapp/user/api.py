"""People over REST."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from chatapp.auth.presenters import account_json
from chatapp.core.paging import PageQuery
from chatapp.security.identity import caller, current_sign_in
from chatapp.security.scopes import personal, scope
from chatapp.user import bp, queries, service
from chatapp.user.data_pages import download
from chatapp.user.schemas import DirectoryQuery, Farewell, NewContact, ProfilePatch
from chatapp.web.request_input import read_json, read_query


@bp.get("/api/users/me")
@scope("users:read")
def me() -> Any:
    """One's own account."""
    return dict(account_json(caller()))


@bp.patch("/api/users/me")
@scope("users:write")
def change_me() -> Any:
    """200 with one's own account, changed."""
    return dict(account_json(service.update_profile(caller().id, read_json(ProfilePatch))))


@bp.get("/api/users")
@scope("users:read")
def people() -> Any:
    """The people directory, without oneself."""
    page = queries.directory(caller().id, read_query(DirectoryQuery))
    return {"items": page.items, "next_cursor": page.next_cursor}


@bp.get("/api/users/<uuid:user_id>")
@scope("users:read")
def person(user_id: UUID) -> Any:
    """Someone's public profile."""
    return dict(queries.person(caller().id, str(user_id)))


@bp.delete("/api/users/me")
@personal
def delete_account() -> Any:
    """204; one's account is gone."""
    service.delete_account(current_sign_in(), read_json(Farewell).password)
    return "", 204


@bp.post("/api/users/me/deactivate")
@personal
def deactivate_account() -> Any:
    """204; one is signed out everywhere, until an administrator lifts it."""
    service.deactivate_oneself(current_sign_in(), read_json(Farewell).password)
    return "", 204


@bp.get("/api/users/me/data")
@personal
def download_data() -> Any:
    """A ZIP of one's own data."""
    return download()


@bp.post("/api/users/<uuid:user_id>/block")
@scope("users:write")
def block(user_id: UUID) -> Any:
    """204; neither hears from the other."""
    service.block(caller().id, str(user_id))
    return "", 204


@bp.delete("/api/users/<uuid:user_id>/block")
@scope("users:write")
def unblock(user_id: UUID) -> Any:
    """204; one's own block is lifted."""
    service.unblock(caller().id, str(user_id))
    return "", 204


@bp.get("/api/blocks")
@scope("users:read")
def blocks() -> Any:
    """Those whom one blocks, the last one first."""
    page = queries.blocked(caller().id, read_query(PageQuery))
    return {"items": page.items, "next_cursor": page.next_cursor}


@bp.get("/api/contacts")
@scope("users:read")
def contacts() -> Any:
    """One's contacts, by name."""
    page = queries.contacts(caller().id, read_query(DirectoryQuery))
    return {"items": page.items, "next_cursor": page.next_cursor}


@bp.post("/api/contacts")
@scope("users:write")
def add_contact() -> Any:
    """201 with the contact, or 200 when it stood."""
    contact, is_new = service.add_contact(caller().id, read_json(NewContact).user_id)
    return dict(contact), 201 if is_new else 200


@bp.delete("/api/contacts/<uuid:user_id>")
@scope("users:write")
def remove_contact(user_id: UUID) -> Any:
    """204; not a contact any more."""
    service.remove_contact(caller().id, str(user_id))
    return "", 204
