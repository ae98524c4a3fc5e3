"""Ask a signed-in person to confirm with their password that it is them."""

from __future__ import annotations

from flask import current_app
from sqlalchemy import select

from chatapp.auth.authentication import confirm_password
from chatapp.core.db import db, now, release_connection
from chatapp.core.errors import Forbidden, ValidationFailed
from chatapp.models import SignIn, User
from config import Settings


def reauthenticate(
    sign_in: SignIn,
    password: str | None,
    *,
    field: str = "password",
    accept_recent_sign_in: bool = False,
) -> str | None:
    """Check that the account's owner asks, and not someone who found an open browser.

    The password proves it. A sign-in within REAUTH_WINDOW proves it too if the account has no
    password, and with ``accept_recent_sign_in`` whenever none is given.

    Returns the stored password hash. Raises ValidationFailed for a missing password, under the
    form's ``field``; Forbidden, RateLimited.
    """
    stored_hash = db.session.scalar(select(User.password_hash).where(User.id == sign_in.user_id))
    release_connection()
    if stored_hash is None or (accept_recent_sign_in and not password):
        settings: Settings = current_app.config["SETTINGS"]
        signed_in_long_ago = sign_in.created_at <= now() - settings.reauth_window
        if sign_in.kind == "service" or signed_in_long_ago:
            raise Forbidden("Log out and log in again first, so that we know it's you.")
    elif not password:
        raise ValidationFailed(fields={field: "This is required."})
    else:
        confirm_password(sign_in.user_id, password)
    return stored_hash
