"""Verify passwords: to log in, and to confirm sensitive actions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import or_, select, update

from chatapp.auth.schemas import Credentials
from chatapp.core.db import atomic, db, now, release_connection
from chatapp.core.errors import Forbidden, Unauthenticated
from chatapp.models import User
from chatapp.security import audit, password_guesses
from chatapp.security.password_hashing import check_password, hash_password, is_outdated
from chatapp.security.request_source import Source

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class AuthenticatedUser:
    """A user whose password was verified, with the stored hash that it matched."""

    user: User
    password_hash: str


def authenticate(
    credentials: Credentials, source: Source, create_sign_in: Callable[[AuthenticatedUser], T]
) -> tuple[User, T]:
    """Log a person in; return the user and the result of ``create_sign_in``.

    ``create_sign_in`` runs in the transaction in which the login is noted, so a login takes one
    commit besides the one that counts the attempt (see `password_guesses.guess`).

    Raises Unauthenticated, with the same message and after the same work for an unknown email and a
    wrong password; RateLimited; Forbidden if the account is deactivated; and what
    ``create_sign_in`` raises.
    """
    user: User | None = db.session.scalar(
        select(User).where(
            or_(User.email == credentials.email, User.username == credentials.email),
            User.deleted_at.is_(None),
        )
    )

    def note_login(authenticated: AuthenticatedUser) -> tuple[User, T]:
        db.session.execute(
            update(User)
            .where(User.id == authenticated.user.id)
            .values(last_login=now(), updated_at=User.updated_at)
        )
        return authenticated.user, create_sign_in(authenticated)

    result = verify_password(
        user, credentials.password, source, entered_name=credentials.email, on_success=note_login
    )
    if result is None:
        raise Unauthenticated("That email or password is incorrect.")
    audit.note("signed in", user_id=result[0].id, address=source.address)
    return result


def verify_password(
    user: User | None,
    password: str,
    source: Source,
    *,
    entered_name: str,
    on_success: Callable[[AuthenticatedUser], T],
) -> T | None:
    """Return the result of ``on_success`` if this is the user's password, else None.

    Does the same work for a wrong password and for no user. A failure counts against the account,
    or against ``entered_name`` if there is none. ``on_success`` runs in the transaction that notes
    the success, so it must not wait for anything but the database. Everything that takes a password
    from a person who isn't signed in calls this.

    Raises RateLimited, Forbidden if the account is deactivated, and what ``on_success`` raises.
    """
    user_id, stored_hash = (user.id, user.password_hash) if user else (None, None)
    release_connection()
    with password_guesses.guess(user_id or entered_name, source, stored_hash) as guess:
        if not check_password(stored_hash, password) or stored_hash is None or user is None:
            audit.note("sign-in failed", user_id=user_id, address=source.address)
            return None
        new_hash = hash_password(password) if is_outdated(stored_hash) else None
        with atomic() as work:
            guess.succeeded()
            if new_hash:
                work.execute(
                    update(User)
                    .where(User.id == user_id, User.password_hash == stored_hash)
                    .values(password_hash=new_hash, updated_at=User.updated_at)
                )
            authenticated = AuthenticatedUser(user, new_hash or stored_hash)
            result = on_success(authenticated) if user.is_active else None
    check_active(user)
    return result


def confirm_password(user_id: str, password: str) -> None:
    """Check the password of a person who is signed in. Raises Forbidden, RateLimited."""
    stored_hash = db.session.scalar(select(User.password_hash).where(User.id == user_id))
    release_connection()
    with password_guesses.confirmation(user_id) as guess:
        if not check_password(stored_hash, password):
            audit.note("confirmation failed", user_id=user_id)
            raise Forbidden("That password is incorrect.")
        guess.succeeded()


def check_active(user: User) -> None:
    """Raise Forbidden, with what to do, if the account is deactivated.

    Only call this for a person who has proven that the account is theirs.
    """
    if not user.is_active:
        audit.note("sign-in refused", user_id=user.id, reason="deactivated")
        raise Forbidden(
            "This account is deactivated. Ask an administrator of this server to reactivate it."
        )
