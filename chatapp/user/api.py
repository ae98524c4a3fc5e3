"""REST calls for people and the caller's own account."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from chatapp.auth.presenters import account_json
from chatapp.auth.schemas import PasswordConfirmation
from chatapp.security.identity import caller, current_sign_in
from chatapp.security.view_policy import policy
from chatapp.user import account_deletion, bp, queries, service
from chatapp.user.data_pages import download
from chatapp.user.schemas import DirectoryQuery, ProfilePatch
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
