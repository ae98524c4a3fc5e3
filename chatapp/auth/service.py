"""Use cases of accounts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import TypeVar

from sqlalchemy import false, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from chatapp.auth import invitations
from chatapp.auth.schemas import (
    Credentials,
    RegistrationBase,
    SelfRegistration,
    UsernameRegistration,
)
from chatapp.auth.verification import send_verification
from chatapp.core.db import atomic, db, now, release_connection
from chatapp.core.errors import Conflict, Forbidden, Unauthenticated
from chatapp.media.service import assign_picture
from chatapp.models import User
from chatapp.security import attempt_limits, audit
from chatapp.security.password_hashing import check_password, hash_password, is_outdated
from chatapp.security.request_source import Source
from chatapp.text.mention_syntax import EVERYBODY
from chatapp.text.visible_text import visible_line

T = TypeVar("T")

#: What else is written with a new account.
Along = Callable[[Session, User], object]

_TAKEN = {
    "email": "This address has an account already. Sign in instead?",
    "username": "This username is taken. Try another.",
}
#: A username that would be another in a text: it mentions everybody.
_MEANT_OTHERWISE = "In a message @all means everybody, so nobody is called that. Try another."


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAccount:
    """What an account is made of. A missing username or name is made from the rest."""

    email: str | None
    username: str | None = None
    name: str | None = None
    password_hash: str | None = field(default=None, repr=False)
    profile_picture: str | None = None
    external_id: str | None = None
    #: Whoever makes the account knows that its person reads ``email``.
    email_verified: bool = False
    #: None for an account that somebody else made.
    last_login: datetime | None = None


@dataclass(frozen=True, slots=True)
class Proven:
    """A person, and the stored hash of the password by which they proved to be it."""

    user: User
    password_hash: str


def register(new: SelfRegistration | UsernameRegistration, source: Source) -> User:
    """A new account for somebody who came by, if REGISTRATION or an invitation lets them.

    Raises Forbidden, ValidationFailed where the invitation is another's, Conflict where address or
    name is taken, RateLimited.
    """
    admitted = invitations.check_registration(new.invitation, new.email, source)
    return register_admitted(new, source, along=lambda work, _: admitted(work))


def register_admitted(new: RegistrationBase, source: Source, along: Along | None = None) -> User:
    """A new account for somebody who may have one. Raises Conflict, RateLimited."""
    release_connection()
    attempt_limits.spend(attempt_limits.REGISTRATIONS, source.network)
    account = NewAccount(
        email=new.email,
        username=new.username,
        name=new.name,
        password_hash=hash_password(new.password),
        last_login=now(),
    )
    user = create_account(account, along)
    audit.note("registered", user_id=user.id, address=source.address)
    return user


def create_account(new: NewAccount, along: Along | None = None) -> User:
    """A new account, whichever door it comes by: every user is made here.

    ``along`` writes what belongs to it in the same transaction; what it raises, undoes both.
    An address that nobody has verified is mailed a link for that, unless it comes from a service.
    Raises Conflict, which names the fields, where the address or the username is taken.
    """
    origin = (new.email or new.name or "").partition("@")[0]
    for username in [new.username] if new.username else _usernames(origin):
        refuse_taken(email=new.email, username=new.username)
        user = User(
            email=new.email,
            username=username,
            name=new.name or new.username or visible_line(origin)[:80] or username,
            email_verified_at=now() if new.email_verified else None,
            password_hash=new.password_hash,
            external_id=new.external_id,
            last_login=new.last_login,
        )
        try:
            with atomic() as work:
                work.add(user)
                work.flush()
                assign_picture(work, user.id, user, "profile", new.profile_picture)
                if new.external_id is None:  # a service's people know nothing of us
                    send_verification(work, user)
                if along is not None:
                    along(work, user)
        except IntegrityError:
            db.session.expunge_all()
            continue  # taken, perhaps a moment ago: refused above, or the next name is tried
        return user
    refuse_taken(email=new.email, username=new.username)
    raise Conflict()


def log_in(
    credentials: Credentials, source: Source, start: Callable[[Proven], T]
) -> tuple[User, T]:
    """Return the person these credentials belong to, and what ``start`` made of it.

    ``start`` creates the sign-in. It runs in the transaction in which the login is noted, so a
    login takes one commit beside the one that counts the attempt (see `attempt_limits.guess`).
    Raises Unauthenticated, in the same words and after the same work whether it is the address or
    the password that is wrong; RateLimited; Forbidden where the account is deactivated; and what
    ``start`` raises.
    """
    user: User | None = db.session.scalar(
        select(User).where(
            or_(User.email == credentials.email, User.username == credentials.email),
            User.deleted_at.is_(None),
        )
    )

    def note_login(proven: Proven) -> tuple[User, T]:
        db.session.execute(
            update(User)
            .where(User.id == proven.user.id)
            .values(last_login=now(), updated_at=User.updated_at)
        )
        return proven.user, start(proven)

    done = prove_password(
        user, credentials.password, source, typed=credentials.email, then=note_login
    )
    if done is None:
        raise Unauthenticated("The address or the password is wrong.")
    audit.note("signed in", user_id=done[0].id, address=source.address)
    return done


def prove_password(
    user: User | None, password: str, source: Source, *, typed: str, then: Callable[[Proven], T]
) -> T | None:
    """Return what ``then`` makes of the user, if this is their password.

    Return None, after the same work, for a wrong password and where there is no user. A wrong one
    counts against the account, or against what was ``typed`` where there is none. ``then`` runs in
    the transaction that notes the success; it must not wait for anything but the database.
    Raises RateLimited, Forbidden where the account is deactivated, and what ``then`` raises. Every
    door at which someone who isn't signed in gives a password asks here.
    """
    user_id, stored = (user.id, user.password_hash) if user else (None, None)
    release_connection()
    with attempt_limits.guess(user_id or typed, source, stored) as guess:
        if not check_password(stored, password) or stored is None or user is None:
            audit.note("sign-in failed", user_id=user_id, address=source.address)
            return None
        renewed = hash_password(password) if is_outdated(stored) else None
        with atomic() as work:
            guess.succeeded()
            if renewed:
                work.execute(
                    update(User)
                    .where(User.id == user_id, User.password_hash == stored)
                    .values(password_hash=renewed, updated_at=User.updated_at)
                )
            result = then(Proven(user, renewed or stored)) if user.is_active else None
    refuse_deactivated(user)
    return result


def confirm_password(user_id: str, password: str) -> None:
    """Someone signed in proves once more that it is them. Raises Forbidden, RateLimited."""
    stored = db.session.scalar(select(User.password_hash).where(User.id == user_id))
    release_connection()
    with attempt_limits.confirmation(user_id) as guess:
        if not check_password(stored, password):
            audit.note("confirmation failed", user_id=user_id)
            raise Forbidden("The password is wrong.")
        guess.succeeded()


def refuse_deactivated(user: User) -> None:
    """Raises Forbidden, which says what to do, for whoever proved to be this person."""
    if not user.is_active:
        audit.note("sign-in refused", user_id=user.id, reason="deactivated")
        raise Forbidden(
            "This account is deactivated. Ask an administrator of this server to activate it again."
        )


def refuse_taken(*, email: str | None = None, username: str | None = None) -> None:
    """Raises Conflict, which names the fields, where an account has this address or username.

    Nobody new is called as everybody is.
    """
    if username == EVERYBODY:
        raise Conflict(_MEANT_OTHERWISE, fields={"username": _MEANT_OTHERWISE})
    wanted = {"email": email, "username": username}
    given = {name: value for name, value in wanted.items() if value is not None}
    found = db.session.execute(
        select(User.email, User.username).where(
            or_(false(), *(getattr(User, name) == value for name, value in given.items()))
        )
    ).all()
    fields = {
        name: _TAKEN[name]
        for name, value in given.items()
        if any(getattr(row, name) == value for row in found)
    }
    if fields:
        raise Conflict(next(iter(fields.values())), fields=fields)


def _usernames(origin: str) -> Iterator[str]:
    """Names made from what somebody is known by: ada, ada2, ada3 ... that were free just now."""
    base = re.sub(r"[^a-z0-9_.-]+", "", origin.lower())[:24]
    base = base if len(base) >= 3 else f"{base}user"
    taken = set(db.session.scalars(select(User.username).where(User.username.startswith(base))))
    taken.add(EVERYBODY)
    names = (base if number == 1 else f"{base}{number}" for number in count(1))
    tries = 0
    for name in names:
        if name not in taken:
            yield name
            tries += 1
            if tries == 20:
                return
