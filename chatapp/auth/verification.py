"""Use cases around the address of an account: showing that one reads it."""

from __future__ import annotations

from sqlalchemy.orm import Session

from chatapp import background, mail
from chatapp.auth import audit, lockout
from chatapp.auth.links import Link, counted, lock_person, new_link, read_link, use_link
from chatapp.auth.source import Source
from chatapp.db import atomic, now
from chatapp.models import User


def mail_verification(work: Session, user: User) -> None:
    """A link to confirm the account's address goes there, unless that was done. In `atomic()`."""
    if user.email is None or user.email_verified_at is not None:
        return
    token = new_link(work, user, "verify", user.email)
    mail.send("verify", user.email, secret=token, link=mail.link("/verify", token=token))


def resend_verification(user_id: str, source: Source) -> None:
    """As `mail_verification`, in the background; links that were mailed before count no more.

    Raises RateLimited.
    """
    lockout.spend(lockout.MAILS, source.network)
    lockout.spend(lockout.MAILS_TO, user_id)

    def job() -> None:
        with atomic() as work:
            mail_verification(work, lock_person(work, user_id))

    background.run(job)


def read_confirmation(token: str) -> Link:
    """What `confirm` would do with this token. Raises ValidationFailed."""
    return read_link(token, "verify")


def confirm(token: str, source: Source) -> User:
    """The address that this token was mailed to is its person's, and known to be read by them.

    Raises ValidationFailed for a token that doesn't count (any more), RateLimited.
    """
    with counted(source), atomic() as work:
        user = use_link(work, token, "verify").user
        user.email_verified_at = now()
    audit.note("address confirmed", user_id=user.id)
    return user
