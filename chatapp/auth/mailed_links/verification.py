"""Asking people to show that they read their address; `confirmation` is the answer."""

from __future__ import annotations

from sqlalchemy.orm import Session

from chatapp import mail
from chatapp.auth.mailed_links.links import lock_person, new_link
from chatapp.core.db import atomic
from chatapp.jobs import runner
from chatapp.models import User
from chatapp.security import attempt_limits
from chatapp.security.request_source import Source


def is_wanted(user: User) -> bool:
    """Whether this person has an address that nobody has confirmed."""
    return user.email is not None and user.email_verified_at is None


def mail_verification(work: Session, user: User) -> None:
    """A link to confirm the account's address goes there, unless that was done. In `atomic()`."""
    if user.email is None or not is_wanted(user):
        return
    token = new_link(work, user, "verify", user.email)
    mail.send("verify", user.email, secret=token, link=mail.link("/verify", token=token))


def resend_verification(user_id: str, source: Source) -> None:
    """As `mail_verification`, in the background; links that were mailed before count no more.

    Raises RateLimited.
    """
    attempt_limits.spend(attempt_limits.MAILS, source.network)
    attempt_limits.spend(attempt_limits.MAILS_TO, user_id)

    def job() -> None:
        with atomic() as work:
            mail_verification(work, lock_person(work, user_id))

    runner.run(job)
