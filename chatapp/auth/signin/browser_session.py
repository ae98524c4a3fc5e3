"""Start and end browser sessions: the session behind the cookie."""

from __future__ import annotations

from typing import Any

from flask import Response, current_app, g, session
from flask_login import current_user, login_user, logout_user

from chatapp.auth import sign_ins
from chatapp.core.db import atomic, now
from chatapp.core.errors import NotFound
from chatapp.models import SignIn, User
from chatapp.security.identity import client
from chatapp.security.request_source import remember_device
from chatapp.web import csrf


def start_session(user: User, expected_password_hash: str | None = None) -> None:
    """Sign this browser in as ``user``, under a new session id, in one transaction.

    Raises Unauthenticated if the password was changed since ``expected_password_hash`` was read.
    """
    expires_at = now() + current_app.permanent_session_lifetime
    with atomic():
        sign_in_id = sign_ins.create_sign_in(
            user.id,
            "session",
            client(),
            expires_at=expires_at,
            expected_password_hash=expected_password_hash,
        )
        if current_user.is_authenticated:
            _end_current_sign_in()
        rotate_session_id()
        session.clear()
        login_user(user)
        csrf.start_session_token()
        session["sign_in"] = sign_in_id
        session["rights"] = _roles(user)
        _session_interface().save_with_transaction(session)
    remember_device(user.id)


def end_session() -> None:
    """Sign this browser out and close its sockets."""
    if current_user.is_authenticated:
        _end_current_sign_in()
    logout_user()
    session.clear()


def rotate_session_id() -> None:
    """Continue the session under a new id, which nobody can know yet."""
    _session_interface().regenerate(session)


def rotate_session_id_on_role_change(response: Response) -> Response:
    """Rotate the session id when roles change, so that an id known before gains no rights.

    The factory runs it after each request.
    """
    user: User | None = g.get("caller")
    sign_in: SignIn | None = g.get("sign_in")
    if user is None or sign_in is None or sign_in.kind != "session" or "sign_in" not in session:
        return response
    if session.get("rights") != _roles(user):
        rotate_session_id()
        session["rights"] = _roles(user)
    return response


def _session_interface() -> Any:
    return current_app.session_interface


def _roles(user: User) -> list[str]:
    return [name for name in ("is_staff", "is_superuser") if getattr(user, name)]


def _end_current_sign_in() -> None:
    try:
        sign_ins.end_sign_in(current_user.id, session["sign_in"])
    except NotFound:
        pass  # it was ended elsewhere a moment ago
