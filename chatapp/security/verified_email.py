"""REQUIRE_VERIFIED_EMAIL: people who haven't confirmed their address read, and don't write.

The rule is the same for pages, REST and events, and closed by default: a request that changes
something is refused, unless its view's policy (`view_policy`) or its event (`on_event`) says that
it needs no confirmed address.
"""

from __future__ import annotations

from flask import current_app, request

from chatapp.core.db import db
from chatapp.core.errors import Forbidden
from chatapp.models import User
from chatapp.security.identity import signed_in
from chatapp.security.view_policy import ViewPolicy
from config import Settings

_SAFE = ("GET", "HEAD", "OPTIONS")
_UNCONFIRMED = (
    "Confirm your email address first: open the link that we mailed to {email}, "
    "or get another one at /verify."
)
_NO_ADDRESS = "Give an email address first: add one under Settings, and confirm it."


class _Unconfirmed(Forbidden):
    """The person has to confirm their address first."""

    step = "/verify", "Confirm your address"


class _WithoutAddress(Forbidden):
    """The person has to add an address first."""

    step = "/settings/account#email", "Add an address"


def must_verify(user: User) -> bool:
    """Return whether this person has to confirm their address before they write.

    People whom a service brought needn't: the service answers for them. People without an address
    have to add one first.
    """
    settings: Settings = current_app.config["SETTINGS"]
    return (
        settings.require_verified_email
        and user.email_verified_at is None
        and user.external_id is None
    )


def check_writer(user_id: str) -> None:
    """Raise Forbidden, which says what to do, if this person may only read so far."""
    settings: Settings = current_app.config["SETTINGS"]
    if settings.require_verified_email:
        user = db.session.get(User, user_id, populate_existing=True)
        if user is not None:
            _check(user)


def check_request(policy: ViewPolicy) -> None:
    """Raise Forbidden, which says what to do, where this request takes a confirmed address."""
    if request.method in _SAFE or not policy.verified:
        return
    user = signed_in()
    if user is not None:
        _check(user)


def _check(user: User) -> None:
    if must_verify(user):
        if user.email is None:
            raise _WithoutAddress(_NO_ADDRESS)
        raise _Unconfirmed(_UNCONFIRMED.format(email=user.email))
