"""A forgotten password: a link to the account's address, and a new password by that link."""

from __future__ import annotations

from sqlalchemy import delete, select

from chatapp import mail
from chatapp.auth.mailed_links.links import Link, counted, end_links, new_link, read_link, use_link
from chatapp.auth.signin import sign_ins
from chatapp.core.db import atomic, now, release
from chatapp.jobs import runner
from chatapp.models import LinkedAccount, User
from chatapp.security import attempt_limits, audit
from chatapp.security.password_hashing import hash_password
from chatapp.security.request_source import Source


def forgot_password(email: str, source: Source) -> None:
    """A link to choose a new password goes to this address, if an account has it.

    All of it in the background: what is done before the answer is the same for every address.
    Raises RateLimited, by where it was asked from.
    """
    attempt_limits.spend(attempt_limits.MAILS, source.network)
    runner.run(lambda: _mail_reset(email))


def _mail_reset(email: str) -> None:
    if not attempt_limits.allows(attempt_limits.MAILS_TO, email):
        return
    with atomic() as work:
        user = work.scalar(
            select(User).where(User.email == email, User.is_active, User.deleted_at.is_(None))
        )
        if user is not None:
            token = new_link(work, user, "reset", email)
            mail.send("reset", email, secret=token, link=mail.link("/reset", token=token))


def read_reset(token: str) -> Link:
    """What `reset_password` would do with this token. Raises ValidationFailed."""
    return read_link(token, "reset")


def reset_password(token: str, password: str, source: Source) -> str:
    """The person has this password, and every place where they are signed in is signed out.

    The address counts as read by them: that is how they got the token. Whoever was locked out may
    sign in. Gives their id, by which the door remembers the device (`source.remember_device`):
    else whoever goes on guessing has them locked out again before they could. Raises
    ValidationFailed for a token that doesn't count (any more), RateLimited.
    """
    with counted(source):
        read_reset(token)  # before the hash, which is dear
        release()
        password_hash = hash_password(password)
        with atomic() as work:
            link = use_link(work, token, "reset")
            user = link.user
            user.password_hash = password_hash
            if user.email_verified_at is None:
                # Whoever made the account needn't be who reads its address.
                work.execute(delete(LinkedAccount).where(LinkedAccount.user_id == user.id))
                user.email_verified_at = now()
            end_links(work, user.id, but=link.verification)
            sign_ins.end_all(user.id)
            attempt_limits.lift(user.id)
            mail.send("password_changed", link.verification.email, link=mail.link("/forgot"))
    audit.note("password reset", user_id=user.id, address=source.address)
    return user.id
