"""Create accounts: every registration and every other new account goes through here."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count, islice

from sqlalchemy import false, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from chatapp.auth import invitations
from chatapp.auth.schemas import RegistrationBase, SelfRegistration, UsernameRegistration
from chatapp.auth.verification import send_verification
from chatapp.core.db import atomic, db, now, release_connection
from chatapp.core.errors import Conflict
from chatapp.media.service import assign_picture
from chatapp.models import User
from chatapp.security import attempt_limits, attempt_rules, audit
from chatapp.security.password_hashing import hash_password
from chatapp.security.request_source import Source
from chatapp.text.mention_syntax import EVERYBODY
from chatapp.text.visible_text import visible_line

#: Writes more rows in the transaction that creates the account.
OnCreated = Callable[[Session, User], object]

_TAKEN = {
    "email": "There is already an account with this email address. Log in instead?",
    "username": "This username is taken. Try another.",
}
_RESERVED = "This username is reserved: @all mentions everyone. Try another one."
_MAX_GENERATED_USERNAMES = 20
_MAX_USERNAME_BASE_LENGTH = 24
_MAX_NAME_LENGTH = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAccount:
    """The fields of a new account. A missing username or name is derived from the others."""

    email: str | None
    username: str | None = None
    name: str | None = None
    password_hash: str | None = field(default=None, repr=False)
    profile_picture: str | None = None
    external_id: str | None = None
    #: The email is known to belong to the account's owner.
    email_verified: bool = False
    #: None for an account that its owner hasn't logged in to.
    last_login: datetime | None = None


def register(new: SelfRegistration | UsernameRegistration, source: Source) -> User:
    """Register a person, if REGISTRATION or an invitation allows it.

    Raises Forbidden, ValidationFailed if the invitation is for another email, Conflict if the email
    or username is taken, RateLimited.
    """
    redeem = invitations.check_registration(new.invitation, new.email, source)
    return register_admitted(new, source, on_created=lambda work, _: redeem(work))


def register_admitted(
    new: RegistrationBase, source: Source, on_created: OnCreated | None = None
) -> User:
    """Register a person who is allowed to. Raises Conflict, RateLimited."""
    release_connection()
    attempt_limits.spend(attempt_rules.REGISTRATIONS, source.network)
    account = NewAccount(
        email=new.email,
        username=new.username,
        name=new.name,
        password_hash=hash_password(new.password),
        last_login=now(),
    )
    user = create_account(account, on_created)
    audit.note("registered", user_id=user.id, address=source.address)
    return user


def create_account(new: NewAccount, on_created: OnCreated | None = None) -> User:
    """Create an account, and mail a link to confirm its email unless a service creates it.

    An error that ``on_created`` raises undoes everything. Raises Conflict, with the fields, if the
    email or username is taken.
    """
    origin = (new.email or new.name or "").partition("@")[0]
    for username in [new.username] if new.username else _free_usernames(origin):
        check_available(email=new.email, username=new.username)
        user = User(
            email=new.email,
            username=username,
            name=new.name or new.username or visible_line(origin)[:_MAX_NAME_LENGTH] or username,
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
                if new.external_id is None:  # a service's users don't know this site
                    send_verification(work, user)
                if on_created is not None:
                    on_created(work, user)
        except IntegrityError:
            # Taken a moment ago: the check above refuses it, or the next username is tried.
            db.session.expunge_all()
            continue
        return user
    check_available(email=new.email, username=new.username)
    raise Conflict()


def check_available(*, email: str | None = None, username: str | None = None) -> None:
    """Raise Conflict, with the fields, if an account has this email or username.

    The username that mentions everyone is never available.
    """
    if username == EVERYBODY:
        raise Conflict(_RESERVED, fields={"username": _RESERVED})
    candidates = {"email": email, "username": username}
    given = {name: value for name, value in candidates.items() if value is not None}
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


def _free_usernames(origin: str) -> Iterator[str]:
    """Derive usernames that are free right now: ada, ada2, ada3 …"""
    base = re.sub(r"[^a-z0-9_.-]+", "", origin.lower())[:_MAX_USERNAME_BASE_LENGTH]
    base = base if len(base) >= 3 else f"{base}user"
    taken = set(db.session.scalars(select(User.username).where(User.username.startswith(base))))
    taken.add(EVERYBODY)
    names = (base if number == 1 else f"{base}{number}" for number in count(1))
    yield from islice((name for name in names if name not in taken), _MAX_GENERATED_USERNAMES)
