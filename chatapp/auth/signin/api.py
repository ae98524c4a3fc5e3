"""Where one is signed in, and one's password, over REST."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from chatapp.auth import bp
from chatapp.auth.presenters import sign_in_json
from chatapp.auth.schemas import PasswordChange
from chatapp.auth.signin import password_change, sign_ins
from chatapp.auth.signin.browser_session import renew, sign_out
from chatapp.core.paging import PageQuery
from chatapp.security.identity import current_sign_in
from chatapp.security.scopes import personal
from chatapp.web.request_input import read_json, read_query


@bp.get("/api/auth/sessions")
@personal
def list_sign_ins() -> Any:
    """Where the caller is signed in, the last used first."""
    mine = current_sign_in()
    page = sign_ins.listing(mine.user_id, read_query(PageQuery))
    items = [sign_in_json(sign_in, mine.id) for sign_in in page.items]
    return {"items": items, "next_cursor": page.next_cursor}


@bp.delete("/api/auth/sessions")
@personal
def end_other_sign_ins() -> Any:
    """204; the caller is signed in nowhere but here."""
    mine = current_sign_in()
    sign_ins.end_all(mine.user_id, but=mine.id)
    return "", 204


@bp.delete("/api/auth/sessions/<uuid:sign_in_id>")
@personal
def end_sign_in(sign_in_id: UUID) -> Any:
    """204; the caller is signed in there no more, and its sockets end."""
    mine = current_sign_in()
    if str(sign_in_id) == mine.id and mine.kind == "session":
        sign_out()
    else:
        sign_ins.end(mine.user_id, str(sign_in_id))
    return "", 204


@bp.put("/api/users/me/password")
@personal
def change_password() -> Any:
    """204; the caller has this password from now on, and is signed in nowhere but here."""
    change, mine = read_json(PasswordChange), current_sign_in()
    password_change.change(mine, change)
    if mine.kind == "session":
        renew()
    return "", 204
