"""Links that are mailed: made, looked at, used once.

A link dies when it is used, expires, or is replaced by a newer one of its purpose, and when the
account's password or address changes (`end_links`). Only its hash is stored. Whoever makes, uses
or ends one holds the lock of the person's row, so two uses at once are one after the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from chatapp.core.db import db, now
from chatapp.core.errors import ValidationFailed
from chatapp.models import User, Verification
from chatapp.security import attempt_limits
from chatapp.security.opaque_tokens import digest, new_token
from chatapp.security.request_source import Source

Purpose = Literal["verify", "email", "reset"]

LIFETIMES: dict[Purpose, timedelta] = {
    "verify": timedelta(hours=48),
    "email": timedelta(hours=48),
    "reset": timedelta(minutes=60),
}

_UNKNOWN = "This link doesn't count: a newer mail took its place, or a part of it is missing."
USED = "This link has been used already."
_EXPIRED = "This link has expired."


@dataclass(frozen=True, slots=True)
class Link:
    """A link that can be used, and whose it is."""

    verification: Verification
    user: User


def new_link(work: Session, user: User, purpose: Purpose, email: str) -> str:
    """The token of a new link of this purpose; earlier ones count no more.

    Inside `atomic()`; locks the person. This is the only time that the token is known.
    """
    lock_person(work, user.id)
    work.execute(
        delete(Verification).where(Verification.user_id == user.id, Verification.purpose == purpose)
    )
    token = new_token()
    work.add(
        Verification(
            user_id=user.id,
            purpose=purpose,
            email=email,
            token_hash=digest(token),
            expires_at=now() + LIFETIMES[purpose],
        )
    )
    return token


def read_link(token: str, *purposes: Purpose) -> Link:
    """The link of this token, as it is now; nothing changes.

    Raises ValidationFailed, whose field `token` says why it can't be used.
    """
    row = db.session.execute(
        select(Verification, User)
        .join(User, User.id == Verification.user_id)
        .where(
            Verification.token_hash == digest(token),
            Verification.purpose.in_(purposes),
            User.is_active,
            User.deleted_at.is_(None),
        )
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        raise _dead(_UNKNOWN)
    verification, user = row
    if verification.used_at is not None:
        raise _dead(USED)
    if verification.expires_at <= now():
        raise _dead(_EXPIRED)
    return Link(verification, user)


def use_link(work: Session, token: str, *purposes: Purpose) -> Link:
    """The link, used from now on. Inside `atomic()`; raises as `read_link`."""
    lock_person(work, read_link(token, *purposes).user.id)
    link = read_link(token, *purposes)  # as it is after the wait
    link.verification.used_at = now()
    return link


@contextmanager
def counted(source: Source) -> Iterator[None]:
    """Around the use of a link: those that don't count are counted. Raises RateLimited."""
    attempt_limits.refuse(attempt_limits.LINKS, source.network)
    try:
        yield
    except ValidationFailed:
        attempt_limits.allows(
            attempt_limits.LINKS, source.network
        )  # the next one is refused, this answer stays
        raise


def end_links(work: Session, user_id: str, *, but: Verification | None = None) -> None:
    """No link that was mailed to this person counts any more.

    To be called wherever a password or an address changes.
    """
    ended = delete(Verification).where(Verification.user_id == user_id)
    if but is not None:
        ended = ended.where(Verification.id != but.id)
    work.execute(ended)


def lock_person(work: Session, user_id: str) -> User:
    """The person's row, locked until the commit, as it is after the wait."""
    return work.get_one(User, user_id, with_for_update=True, populate_existing=True)


def _dead(why: str) -> ValidationFailed:
    return ValidationFailed(why, fields={"token": why})
