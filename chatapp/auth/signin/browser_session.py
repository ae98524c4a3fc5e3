"""Signing a browser in and out: the session behind the cookie."""

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


def sign_in(user: User, proven_by: str | None = None) -> None:
    """Sign this browser in as ``user``, under a new session id, in one transaction.

    Raises Unauthenticated where ``proven_by``, the hash of the password that was given, isn't the
    account's any more.
    """
    expires_at = now() + current_app.permanent_session_lifetime
    with atomic():
        sign_in_id = sign_ins.begin(
            user.id, "session", client(), expires_at=expires_at, proven_by=proven_by
        )
        if current_user.is_authenticated:
            _end_sign_in()
        renew()
        session.clear()
        login_user(user)
        csrf.start_session_token()
        session["sign_in"] = sign_in_id
        session["rights"] = _rights(user)
        _session_interface().save_with_transaction(session)
    remember_device(user.id)


def renew() -> None:
    """Continue the session under a new id, which nobody can know yet."""
    _session_interface().regenerate(session)


def _session_interface() -> Any:
    return current_app.session_interface


def renew_with_rights(response: Response) -> Response:
    """Rotate the session id when the person's rights have changed; runs after every request.

    So an id that somebody else knew from before doesn't give them the new rights.
    """
    user: User | None = g.get("caller")
    sign_in: SignIn | None = g.get("sign_in")
    if user is None or sign_in is None or sign_in.kind != "session" or "sign_in" not in session:
        return response
    if session.get("rights") != _rights(user):
        renew()
        session["rights"] = _rights(user)
    return response


def _rights(user: User) -> list[str]:
    return [name for name in ("is_staff", "is_superuser") if getattr(user, name)]


def sign_out() -> None:
    """The session is gone, and with it the sockets it opened."""
    if current_user.is_authenticated:
        _end_sign_in()
    logout_user()
    session.clear()


def _end_sign_in() -> None:
    try:
        sign_ins.end(current_user.id, session["sign_in"])
    except NotFound:
        pass  # somebody else has ended it this very moment
