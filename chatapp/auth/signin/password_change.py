"""Use cases of somebody signed in about their own password."""

from __future__ import annotations

from flask import current_app
from sqlalchemy import select, update

from chatapp import mail
from chatapp.auth.mailed_links.links import end_links
from chatapp.auth.schemas import PasswordChange
from chatapp.auth.service import confirm_password
from chatapp.auth.signin import sign_ins
from chatapp.core.db import atomic, db, now, release
from chatapp.core.errors import Conflict, Forbidden, ValidationFailed
from chatapp.models import SignIn, User
from chatapp.security import audit
from chatapp.security.password_hashing import hash_password
from config import Settings


def prove_oneself(
    mine: SignIn,
    password: str | None,
    *,
    field: str = "password",
    recent_sign_in_proves: bool = False,
) -> str | None:
    """It is the account's owner who asks, and not somebody who found the browser open.

    The password proves it; for an account without one, and with ``recent_sign_in_proves`` for
    everybody who gives none, having signed in within REAUTH_WINDOW.
    Gives the stored hash that was proven. Raises ValidationFailed for a missing password (the
    ``field`` it belongs in), Forbidden, RateLimited.
    """
    stored = db.session.scalar(select(User.password_hash).where(User.id == mine.user_id))
    release()
    if stored is None or (recent_sign_in_proves and not password):
        settings: Settings = current_app.config["SETTINGS"]
        if mine.kind == "service" or mine.created_at <= now() - settings.reauth_window:
            raise Forbidden("Sign out and in again first, so that we know that it is you.")
    elif not password:
        raise ValidationFailed(fields={field: "This is needed."})
    else:
        confirm_password(mine.user_id, password)
    return stored


def change(mine: SignIn, wanted: PasswordChange, *, recent_sign_in_proves: bool = False) -> None:
    """The account has this password from now on, and every other sign-in of it has ended.

    Links that were mailed before count no more; the account's address is told of the change.
    Raises as `prove_oneself` does, and Conflict where the password was changed elsewhere meanwhile.
    """
    stored = prove_oneself(
        mine,
        wanted.current_password,
        field="current_password",
        recent_sign_in_proves=recent_sign_in_proves,
    )
    hashed = hash_password(wanted.password)
    with atomic() as work:
        unchanged = User.password_hash.is_(None) if stored is None else User.password_hash == stored
        changed = work.execute(
            update(User)
            .where(User.id == mine.user_id, unchanged)
            .values(password_hash=hashed)
            .returning(User.email)
            .execution_options(synchronize_session=False)
        ).one_or_none()
        if changed is None:
            raise Conflict("Your password was changed somewhere else just now.")
        sign_ins.end_all(mine.user_id, but=mine.id)
        end_links(work, mine.user_id)
        if changed.email:
            mail.send("password_changed", changed.email, link=mail.link("/forgot"))
    audit.note("password changed", user_id=mine.user_id)
