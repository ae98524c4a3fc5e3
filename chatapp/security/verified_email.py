"""REQUIRE_VERIFIED_EMAIL: whoever hasn't confirmed their address reads, and doesn't write.

The one place that decides it, for pages, REST and events alike. It is closed by default: what
changes anything is refused unless it is of the person's own account (the `auth` doors, or marked
`@personal`), or marked as reading here or in `on_event`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, current_app, request

from chatapp.core.db import db
from chatapp.core.errors import Forbidden
from chatapp.models import User
from chatapp.security.api_paths import is_marked
from chatapp.security.identity import signed_in
from config import Settings

V = TypeVar("V", bound=Callable[..., Any])

_SAFE = ("GET", "HEAD", "OPTIONS")
_UNCONFIRMED = (
    "Confirm your e-mail address first: open the link that we mailed to {email}, "
    "or get another one at /verify."
)
_NO_ADDRESS = "Give an e-mail address first: add one under Settings, and confirm it."


class _Unconfirmed(Forbidden):
    """Only reads so far."""

    step = "/verify", "Confirm your address"


class _WithoutAddress(Forbidden):
    """Only reads so far, and has nothing to confirm."""

    step = "/settings/account#email", "Add an address"


def reading(view: V) -> V:
    """Marks a view that isn't a GET and is still only reading."""
    view.reading = True  # type: ignore[attr-defined]
    return view


def init_app(app: Flask) -> None:
    """Check every request that may change something."""
    app.before_request(_check_request)


def must_verify(user: User) -> bool:
    """Whether this person has to confirm their address before they write.

    A service answers for its people. Who has no address gives one first.
    """
    settings: Settings = current_app.config["SETTINGS"]
    return (
        settings.require_verified_email
        and user.email_verified_at is None
        and user.external_id is None
    )


def check_writer(user_id: str) -> None:
    """Raises Forbidden, which says what to do, for somebody who may only read so far."""
    settings: Settings = current_app.config["SETTINGS"]
    if settings.require_verified_email:
        user = db.session.get(User, user_id, populate_existing=True)
        if user is not None:
            _check(user)


def _check(user: User) -> None:
    if must_verify(user):
        if user.email is None:
            raise _WithoutAddress(_NO_ADDRESS)
        raise _Unconfirmed(_UNCONFIRMED.format(email=user.email))


def _check_request() -> None:
    if request.method in _SAFE or request.blueprint == "auth":
        return
    if is_marked("public", "personal", "reading"):
        return
    user = signed_in()
    if user is not None:
        _check(user)
