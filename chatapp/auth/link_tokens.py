"""Create, find and use the links that are sent by email.

A link becomes invalid when it is used, when it expires, when a newer one with the same purpose
replaces it, and when the account's password or email changes (`revoke_links`). Only its hash is
stored. The user's row is locked while a link is created, used or revoked, so two uses at the same
time run one after the other.
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
from chatapp.security import attempt_limits, attempt_rules
from chatapp.security.opaque_tokens import digest, new_token
from chatapp.security.request_source import Source

#: Verify the current email address, change to a new one, or reset the password.
Purpose = Literal["verify", "email", "reset"]

LIFETIMES: dict[Purpose, timedelta] = {
    "verify": timedelta(hours=48),
    "email": timedelta(hours=48),
    "reset": timedelta(minutes=60),
}

LINK_USED = "This link has been used already."
_LINK_EXPIRED = "This link has expired."
_LINK_UNKNOWN = "This link doesn't work. There is a newer one, or a part of it is missing."


@dataclass(frozen=True, slots=True)
class Link:
    """A valid link and the account that it belongs to."""

    verification: Verification
    user: User


def create_link(work: Session, user: User, purpose: Purpose, email: str) -> str:
    """Create a link and return its token, which isn't stored; earlier ones become invalid.

    Call inside `atomic()`. Locks the user.
    """
    lock_user(work, user.id)
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


def find_link(token: str, *purposes: Purpose) -> Link:
    """Return the valid link with this token, without using it.

    Raises ValidationFailed, whose field `token` says why the link can't be used.
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
        raise _invalid(_LINK_UNKNOWN)
    verification, user = row
    if verification.used_at is not None:
        raise _invalid(LINK_USED)
    if verification.expires_at <= now():
        raise _invalid(_LINK_EXPIRED)
    return Link(verification, user)


def use_link(work: Session, token: str, *purposes: Purpose) -> Link:
    """Mark the link as used and return it. Call inside `atomic()`. Raises as `find_link`."""
    lock_user(work, find_link(token, *purposes).user.id)
    link = find_link(token, *purposes)  # again: it may have been used while we waited for the lock
    link.verification.used_at = now()
    return link


@contextmanager
def limit_invalid_links(source: Source) -> Iterator[None]:
    """Count invalid links in the block by network. Raises RateLimited after too many."""
    attempt_limits.check(attempt_rules.LINKS, source.network)
    try:
        yield
    except ValidationFailed:
        # Not raised here: this answer stays as it is, the next one is refused.
        attempt_limits.try_spend(attempt_rules.LINKS, source.network)
        raise


def revoke_links(work: Session, user_id: str, *, keep: Verification | None = None) -> None:
    """Make all links mailed to this user invalid, except ``keep``.

    Call it wherever a password or an email address changes.
    """
    revoked = delete(Verification).where(Verification.user_id == user_id)
    if keep is not None:
        revoked = revoked.where(Verification.id != keep.id)
    work.execute(revoked)


def lock_user(work: Session, user_id: str) -> User:
    """Lock the user's row until the commit and return it as it is after the wait."""
    return work.get_one(User, user_id, with_for_update=True, populate_existing=True)


def _invalid(reason: str) -> ValidationFailed:
    return ValidationFailed(reason, fields={"token": reason})
