"""Another address for an account: asked for here, done when a link that went there is followed."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from chatapp import mail
from chatapp.auth.mailed_links.links import end_links, lock_person, new_link
from chatapp.auth.schemas import EmailChange
from chatapp.auth.signin.password_change import prove_oneself
from chatapp.core.db import atomic, db, now
from chatapp.core.errors import Conflict, ValidationFailed
from chatapp.models import SignIn, User, Verification
from chatapp.security import attempt_limits, audit
from chatapp.security.request_source import Source

_TAKEN = "Another account has this address. Choose a different one."


def ask_for(mine: SignIn, wanted: EmailChange, source: Source) -> None:
    """A link goes to the new address, a word about it to the present one; nothing else changes.

    Raises as `prove_oneself` does, ValidationFailed for the address one has, Conflict for one that
    somebody else has, RateLimited.
    """
    prove_oneself(mine, wanted.password)
    attempt_limits.spend(attempt_limits.MAILS, source.network)
    with atomic() as work:
        user = lock_person(work, mine.user_id)
        if user.email == wanted.email:
            raise ValidationFailed(fields={"email": "This is your address already."})
        _refuse_taken(work, wanted.email)
        # Not before: else who asks for another's address uses up the mails with their way back.
        attempt_limits.spend(attempt_limits.MAILS_TO, wanted.email)
        token = new_link(work, user, "email", wanted.email)
        mail.send("new_email", wanted.email, secret=token, link=mail.link("/verify", token=token))
        if user.email:
            mail.send("email_changing", user.email, link=mail.link("/settings/account"))
    audit.note("address change asked for", user_id=mine.user_id, address=source.address)


def asked_for(user_id: str) -> str | None:
    """The address that this person's account changes to if they follow the link that went there."""
    return db.session.scalar(
        select(Verification.email).where(
            Verification.user_id == user_id,
            Verification.purpose == "email",
            Verification.used_at.is_(None),
            Verification.expires_at > now(),
        )
    )


def carry_out(work: Session, user: User, verification: Verification) -> None:
    """The account has the address that this link went to; its other links count no more.

    Inside `atomic()`, with the person locked. Raises Conflict where somebody else has it by now.
    """
    _refuse_taken(work, verification.email)
    former, user.email = user.email, verification.email
    try:
        work.flush()
    except IntegrityError:  # somebody else got it this very moment
        raise Conflict(_TAKEN, fields={"email": _TAKEN}) from None
    end_links(work, user.id, but=verification)
    if former:
        mail.send("email_changed", former)
    audit.note("address changed", user_id=user.id)


def _refuse_taken(work: Session, email: str) -> None:
    if work.scalar(select(User.id).where(User.email == email)) is not None:
        raise Conflict(_TAKEN, fields={"email": _TAKEN})
