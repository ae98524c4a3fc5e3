"""Use cases of accounts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import count

from sqlalchemy import or_, select, update
from sqlalchemy.exc import IntegrityError

from chatapp import tokens
from chatapp.auth.passwords import check_password, hash_password, is_outdated
from chatapp.auth.schemas import Credentials, Registration
from chatapp.db import announce, atomic, db, now, release
from chatapp.errors import Conflict, Unauthenticated
from chatapp.models import AccessToken, User

_TAKEN = {
    "email": "This address has an account already. Sign in instead?",
    "username": "This username is taken. Try another.",
}


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A bearer token for a client; this is the only time that its text is known."""

    token: str
    expires_at: datetime


def register(new: Registration) -> User:
    """A new account. Raises Conflict where the address or the username is taken."""
    password_hash = hash_password(new.password)
    for username in [new.username] if new.username else _usernames(new.email):
        _refuse_taken(new.email, new.username)
        user = User(
            email=new.email,
            username=username,
            name=new.name or new.username or new.email.partition("@")[0][:80],
            password_hash=password_hash,
            last_login=now(),
        )
        try:
            with atomic() as work:
                work.add(user)
        except IntegrityError:
            db.session.expunge_all()
            continue  # taken, perhaps a moment ago: refused above, or the next name is tried
        return user
    _refuse_taken(new.email, new.username)
    raise Conflict()


def log_in(credentials: Credentials) -> User:
    """The person these credentials belong to.

    Raises Unauthenticated, in the same words and after the same work whether it is the address
    or the password that is wrong.
    """
    user: User | None = db.session.scalar(
        select(User).where(
            or_(User.email == credentials.email, User.username == credentials.email),
            User.deleted_at.is_(None),
        )
    )
    stored = user.password_hash if user and user.is_active else None
    release()
    if not check_password(stored, credentials.password) or user is None or stored is None:
        raise Unauthenticated("The address or the password is wrong.")
    renewed = hash_password(credentials.password) if is_outdated(stored) else stored
    with atomic() as work:
        work.execute(
            update(User)
            .where(User.id == user.id)
            .values(password_hash=renewed, last_login=now(), updated_at=User.updated_at)
        )
    return user


def issue_token(user_id: str) -> IssuedToken:
    """A new bearer token for this person."""
    signed = tokens.sign(user_id)
    with atomic() as work:
        work.add(AccessToken(id=signed.id, user_id=user_id, expires_at=signed.expires_at))
    return IssuedToken(signed.text, signed.expires_at)


def revoke_token(token_id: str) -> None:
    """The token counts no more, and its sockets end."""
    with atomic() as work:
        work.execute(
            update(AccessToken)
            .where(AccessToken.id == token_id, AccessToken.revoked_at.is_(None))
            .values(revoked_at=now())
        )
        announce("credential:ended", {"credential_id": token_id})


def end_session_sockets(session_id: str) -> None:
    """The sockets that this browser session opened end."""
    with atomic():
        announce("credential:ended", {"credential_id": session_id})


def _refuse_taken(email: str, username: str | None) -> None:
    found = db.session.execute(
        select(User.email, User.username).where(
            or_(User.email == email, User.username == (username or ""))
        )
    ).all()
    fields = {}
    if any(row.email == email for row in found):
        fields["email"] = _TAKEN["email"]
    if username and any(row.username == username for row in found):
        fields["username"] = _TAKEN["username"]
    if fields:
        raise Conflict(next(iter(fields.values())), fields=fields)


def _usernames(email: str) -> Iterator[str]:
    """Names made from the address's first part: ada, ada2, ada3 ... that were free just now."""
    base = re.sub(r"[^a-z0-9_.-]+", "", email.partition("@")[0])[:24]
    base = base if len(base) >= 3 else f"{base}user"
    taken = set(db.session.scalars(select(User.username).where(User.username.startswith(base))))
    names = (base if number == 1 else f"{base}{number}" for number in count(1))
    tries = 0
    for name in names:
        if name not in taken:
            yield name
            tries += 1
            if tries == 20:
                return
