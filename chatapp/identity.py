"""Who is asking: from a credential, never from the payload.

Over HTTP a bearer token counts before the session cookie; a wrong token is not made good by a
cookie. Over a socket the same, and there the cookie counts only with an allowed Origin (see
`realtime.origins`, which takes the cookie away otherwise).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from flask import Flask, current_app, g, request, session
from flask_login import current_user
from sqlalchemy import select

from chatapp import tokens
from chatapp.backends.sessions import stored_id
from chatapp.db import db, now
from chatapp.errors import Unauthenticated
from chatapp.extensions import login
from chatapp.models import AccessToken, User

V = TypeVar("V", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Identity:
    """A person and the credential that says so: a bearer token's id, or a session's."""

    user_id: str
    via: Literal["token", "session"]
    credential_id: str


def public(view: V) -> V:
    """Marks a REST call that needs no credential; all others do."""
    view.public = True  # type: ignore[attr-defined]
    return view


def init_app(app: Flask) -> None:
    """No REST call but a public one is even read before it is known who makes it."""
    login.init_app(app)
    login.session_protection = None
    app.before_request(_require_caller)


def _require_caller() -> None:
    view = current_app.view_functions.get(request.endpoint or "")
    if request.path.startswith("/api/") and view and not getattr(view, "public", False):
        caller()


def caller() -> User:
    """The person who makes this request. Raises Unauthenticated where nobody is signed in."""
    user = signed_in()
    if user is None:
        raise Unauthenticated()
    return user


def signed_in() -> User | None:
    """The person who makes this request, or None."""
    if "caller" not in g:
        header = request.headers.get("Authorization")
        if header is not None:
            found = _by_token(_bearer(header))
            g.caller, g.token_id = found if found else (None, None)
        else:
            user = current_user._get_current_object()
            g.caller, g.token_id = (user if isinstance(user, User) else None), None
    caller: User | None = g.caller
    return caller


def bearer_token_id() -> str | None:
    """The id of the token that `caller` was known by, None where it was the session."""
    signed_in()
    token_id: str | None = g.token_id
    return token_id


def socket_identity(auth: object) -> Identity:
    """Who opens a socket, in the request context of its handshake.

    ``auth.token``, an Authorization header, then the session cookie; the first that is there
    decides. Raises Unauthenticated.
    """
    text = auth.get("token") if isinstance(auth, Mapping) else None
    header = request.headers.get("Authorization")
    if text is not None or header is not None:
        found = _by_token(text if text is not None else _bearer(header or ""))
        if found:
            return Identity(found[0].id, "token", found[1])
    elif isinstance(user := current_user._get_current_object(), User):
        return Identity(user.id, "session", session_id())
    raise Unauthenticated("Send a token from /api/auth/login as auth.token.")


def session_id() -> str:
    """What the store calls this browser's session."""
    return stored_id(session.sid)  # type: ignore[attr-defined]


@login.user_loader  # type: ignore[untyped-decorator]
def load_user(user_id: str) -> User | None:
    """Flask-Login's look-up: nobody who is deactivated or deleted."""
    user = db.session.get(User, user_id)
    return user if user and user.is_active and user.deleted_at is None else None


def _bearer(header: str) -> str:
    scheme, _, text = header.partition(" ")
    return text.strip() if scheme.lower() == "bearer" else ""


def _by_token(text: Any) -> tuple[User, str] | None:
    claims = tokens.verify(text) if isinstance(text, str) and text else None
    if claims is None:
        return None
    user = db.session.scalar(
        select(User)
        .join(AccessToken, AccessToken.user_id == User.id)
        .where(
            AccessToken.id == claims.token_id,
            AccessToken.user_id == claims.user_id,
            AccessToken.revoked_at.is_(None),
            AccessToken.expires_at > now(),
            User.is_active,
            User.deleted_at.is_(None),
        )
    )
    return (user, claims.token_id) if user else None
