"""Send mails that ask people to confirm their email address; see `email_confirmation`."""

from __future__ import annotations

from sqlalchemy.orm import Session

from chatapp import mail
from chatapp.auth.link_tokens import create_link, lock_user
from chatapp.core.db import atomic
from chatapp.jobs import runner
from chatapp.models import User
from chatapp.security import attempt_limits, attempt_rules
from chatapp.security.request_source import Source


def needs_verification(user: User) -> bool:
    """Return whether the account has an email address that isn't confirmed."""
    return user.email is not None and user.email_verified_at is None


def send_verification(work: Session, user: User) -> None:
    """Mail a confirmation link if the account's address needs it. Call inside `atomic()`."""
    if user.email is None or not needs_verification(user):
        return
    token = create_link(work, user, "verify", user.email)
    mail.send("verify", user.email, secret=token, link=mail.absolute_url("/verify", token=token))


def resend_verification(user_id: str, source: Source) -> None:
    """Mail a new confirmation link in the background; earlier links become invalid.

    Raises RateLimited.
    """
    attempt_limits.spend(attempt_rules.MAILS, source.network)
    attempt_limits.spend(attempt_rules.MAILS_TO, user_id)

    def job() -> None:
        with atomic() as work:
            send_verification(work, lock_user(work, user_id))

    runner.run_later(job)
