"""REST calls to list and end sign-ins, and to change the password."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from chatapp.auth import bp, sign_ins
from chatapp.auth.schemas import PasswordChange
from chatapp.auth.sign_in_presenters import sign_in_json
from chatapp.auth.signin import password_change
from chatapp.auth.signin.browser_session import end_session, rotate_session_id
from chatapp.core.paging import PageQuery
from chatapp.security.identity import current_sign_in
from chatapp.security.view_policy import policy
from chatapp.web.request_input import read_json, read_query


@bp.get("/api/auth/sessions")
@policy(personal=True)
def list_sign_ins() -> Any:
    """List the caller's sign-ins, most recently used first."""
    current = current_sign_in()
    page = sign_ins.list_sign_ins(current.user_id, read_query(PageQuery))
    items = [sign_in_json(sign_in, current.id) for sign_in in page.items]
    return {"items": items, "next_cursor": page.next_cursor}


@bp.delete("/api/auth/sessions")
@policy(personal=True)
def end_other_sign_ins() -> Any:
    """End all other sign-ins (204)."""
    current = current_sign_in()
    sign_ins.end_all_sign_ins(current.user_id, except_id=current.id)
    return "", 204


@bp.delete("/api/auth/sessions/<uuid:sign_in_id>")
@policy(personal=True)
def end_sign_in(sign_in_id: UUID) -> Any:
    """End a sign-in and its sockets (204)."""
    current = current_sign_in()
    if str(sign_in_id) == current.id and current.kind == "session":
        end_session()
    else:
        sign_ins.end_sign_in(current.user_id, str(sign_in_id))
    return "", 204


@bp.put("/api/users/me/password")
@policy(personal=True)
def change_password() -> Any:
    """Change the password and end all other sign-ins (204)."""
    change, current = read_json(PasswordChange), current_sign_in()
    password_change.change_password(current, change)
    if current.kind == "session":
        rotate_session_id()
    return "", 204
