"""People over REST."""

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
    """One's own account."""
    return dict(account_json(caller()))


@bp.patch("/api/users/me")
@policy(scope="users:write")
def change_me() -> Any:
    """200 with one's own account, changed."""
    return dict(account_json(service.update_profile(caller().id, read_json(ProfilePatch))))


@bp.get("/api/users")
@policy(scope="users:read")
def people() -> Any:
    """The people directory, without oneself."""
    page = queries.list_directory(caller().id, read_query(DirectoryQuery))
    return {"items": page.items, "next_cursor": page.next_cursor}


@bp.get("/api/users/<uuid:user_id>")
@policy(scope="users:read")
def person(user_id: UUID) -> Any:
    """Someone's public profile."""
    return dict(queries.get_person(caller().id, str(user_id)))


@bp.delete("/api/users/me")
@policy(personal=True)
def delete_account() -> Any:
    """204; one's account is gone."""
    account_deletion.delete_own_account(current_sign_in(), read_json(PasswordConfirmation).password)
    return "", 204


@bp.post("/api/users/me/deactivate")
@policy(personal=True)
def deactivate_account() -> Any:
    """204; one is signed out everywhere, until an administrator lifts it."""
    account_deletion.deactivate_own_account(
        current_sign_in(), read_json(PasswordConfirmation).password
    )
    return "", 204


@bp.get("/api/users/me/data")
@policy(personal=True)
def download_data() -> Any:
    """A ZIP of one's own data."""
    return download()


@bp.post("/api/users/<uuid:user_id>/block")
@policy(scope="users:write")
def block(user_id: UUID) -> Any:
    """204; neither hears from the other."""
    relationships.block(caller().id, str(user_id))
    return "", 204


@bp.delete("/api/users/<uuid:user_id>/block")
@policy(scope="users:write")
def unblock(user_id: UUID) -> Any:
    """204; one's own block is lifted."""
    relationships.unblock(caller().id, str(user_id))
    return "", 204


@bp.get("/api/blocks")
@policy(scope="users:read")
def blocks() -> Any:
    """Those whom one blocks, the last one first."""
    page = queries.list_blocked(caller().id, read_query(PageQuery))
    return {"items": page.items, "next_cursor": page.next_cursor}


@bp.get("/api/contacts")
@policy(scope="users:read")
def contacts() -> Any:
    """One's contacts, by name."""
    page = queries.list_contacts(caller().id, read_query(DirectoryQuery))
    return {"items": page.items, "next_cursor": page.next_cursor}


@bp.post("/api/contacts")
@policy(scope="users:write")
def add_contact() -> Any:
    """201 with the contact, or 200 when it stood."""
    contact, is_new = relationships.add_contact(caller().id, read_json(NewContact).user_id)
    return dict(contact), 201 if is_new else 200


@bp.delete("/api/contacts/<uuid:user_id>")
@policy(scope="users:write")
def remove_contact(user_id: UUID) -> Any:
    """204; not a contact any more."""
    relationships.remove_contact(caller().id, str(user_id))
    return "", 204
