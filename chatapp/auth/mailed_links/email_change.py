"""Change an account's email address, once a link that is mailed to the new one is followed."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from chatapp import mail
from chatapp.auth.link_tokens import create_link, lock_user, revoke_links
from chatapp.auth.mailed_links.schemas import EmailChange
from chatapp.auth.signin.reauthentication import reauthenticate
from chatapp.core.db import atomic, db, now
from chatapp.core.errors import Conflict, ValidationFailed
from chatapp.models import SignIn, User, Verification
from chatapp.security import attempt_limits, attempt_rules, audit
from chatapp.security.request_source import Source

_EMAIL_TAKEN = "Another account has this address. Choose a different one."


def request_email_change(sign_in: SignIn, change: EmailChange, source: Source) -> None:
    """Mail a link to the new address and a notice to the current one; nothing else changes yet.

    Raises as `reauthenticate`, ValidationFailed for the current address, Conflict if another
    account has the new one, RateLimited.
    """
    reauthenticate(sign_in, change.password)
    attempt_limits.spend(attempt_rules.MAILS, source.network)
    with atomic() as work:
        user = lock_user(work, sign_in.user_id)
        if user.email == change.email:
            raise ValidationFailed(fields={"email": "This is already your email address."})
        _check_email_available(work, change.email)
        # Only now: otherwise requests for someone else's address would use up the mails that its
        # owner needs to reset their password.
        attempt_limits.spend(attempt_rules.MAILS_TO, change.email)
        token = create_link(work, user, "email", change.email)
        mail.send(
            "new_email", change.email, secret=token, link=mail.absolute_url("/verify", token=token)
        )
        if user.email:
            mail.send("email_changing", user.email, link=mail.absolute_url("/settings/account"))
    audit.note("address change asked for", user_id=sign_in.user_id, address=source.address)


def pending_email(user_id: str) -> str | None:
    """Return the new address of a requested change that isn't confirmed yet."""
    return db.session.scalar(
        select(Verification.email).where(
            Verification.user_id == user_id,
            Verification.purpose == "email",
            Verification.used_at.is_(None),
            Verification.expires_at > now(),
        )
    )


def apply_email_change(work: Session, user: User, verification: Verification) -> None:
    """Set the account's email to the address the link was mailed to; revoke its other links.

    Call inside `atomic()`, with the user locked. Raises Conflict if the address was taken.
    """
    _check_email_available(work, verification.email)
    former, user.email = user.email, verification.email
    try:
        work.flush()
    except IntegrityError:  # another account took it a moment ago
        raise Conflict(_EMAIL_TAKEN, fields={"email": _EMAIL_TAKEN}) from None
    revoke_links(work, user.id, keep=verification)
    if former:
        mail.send("email_changed", former)
    audit.note("address changed", user_id=user.id)


def _check_email_available(work: Session, email: str) -> None:
    if work.scalar(select(User.id).where(User.email == email)) is not None:
        raise Conflict(_EMAIL_TAKEN, fields={"email": _EMAIL_TAKEN})
