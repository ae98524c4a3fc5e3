"""REST calls for people, contacts, blocks and the caller's own account."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from chatapp.auth.presenters import account_json
from chatapp.auth.schemas import PasswordConfirmation
from chatapp.core.paging import PageQuery
from chatapp.security.identity import caller, current_sign_in
from chatapp.security.view_policy import policy
from chatapp.user import account_deletion, bp, queries, relationships, service
from chatapp.user.data_pages import download
from chatapp.user.schemas import DirectoryQuery, NewContact, ProfilePatch
from chatapp.web.request_input import read_json, read_query


@bp.get("/api/users/me")
@policy(scope="users:read")
def me() -> Any:
    """Return the caller's account."""
    return dict(account_json(caller()))


@bp.patch("/api/users/me")
@policy(scope="users:write")
def change_me() -> Any:
    """Change the caller's profile; return the account."""
    return dict(account_json(service.update_profile(caller().id, read_json(ProfilePatch))))


@bp.get("/api/users")
@policy(scope="users:read")
def people() -> Any:
    """List all other people by name."""
    page = queries.list_directory(caller().id, read_query(DirectoryQuery))
    return {"items": page.items, "next_cursor": page.next_cursor}


@bp.get("/api/users/<uuid:user_id>")
@policy(scope="users:read")
def person(user_id: UUID) -> Any:
    """Return a person's public profile."""
    return dict(queries.get_person(caller().id, str(user_id)))


@bp.delete("/api/users/me")
@policy(personal=True)
def delete_account() -> Any:
    """Delete the caller's account (204)."""
    account_deletion.delete_own_account(current_sign_in(), read_json(PasswordConfirmation).password)
    return "", 204


@bp.post("/api/users/me/deactivate")
@policy(personal=True)
def deactivate_account() -> Any:
    """Deactivate the caller's account until an administrator reactivates it (204)."""
    account_deletion.deactivate_own_account(
        current_sign_in(), read_json(PasswordConfirmation).password
    )
    return "", 204


@bp.get("/api/users/me/data")
@policy(personal=True)
def download_data() -> Any:
    """Download the caller's data as a ZIP."""
    return download()


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
    page = queries.list_blocked(caller().id, read_query(PageQuery))
    return {"items": page.items, "next_cursor": page.next_cursor}


@bp.get("/api/contacts")
@policy(scope="users:read")
def contacts() -> Any:
    """List the caller's contacts by name."""
    page = queries.list_contacts(caller().id, read_query(DirectoryQuery))
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
