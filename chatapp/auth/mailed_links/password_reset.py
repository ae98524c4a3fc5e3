"""Reset a forgotten password with a link that is mailed to the account's address."""

from __future__ import annotations

from sqlalchemy import delete, select

from chatapp import mail
from chatapp.auth import sign_ins
from chatapp.auth.link_tokens import (
    Link,
    create_link,
    find_link,
    limit_invalid_links,
    revoke_links,
    use_link,
)
from chatapp.core.db import atomic, now, release_connection
from chatapp.jobs import runner
from chatapp.models import LinkedAccount, User
from chatapp.security import attempt_limits, attempt_rules, audit, password_guesses
from chatapp.security.password_hashing import hash_password
from chatapp.security.request_source import Source


def request_password_reset(email: str, source: Source) -> None:
    """Mail a reset link to this address if an account has it.

    Looks the account up in the background, so that the answer takes the same time for every
    address. Raises RateLimited if this network asked for too many mails.
    """
    attempt_limits.spend(attempt_rules.MAILS, source.network)
    runner.run_later(lambda: _mail_reset_link(email))


def _mail_reset_link(email: str) -> None:
    if not attempt_limits.try_spend(attempt_rules.MAILS_TO, email):
        return
    with atomic() as work:
        user = work.scalar(
            select(User).where(User.email == email, User.is_active, User.deleted_at.is_(None))
        )
        if user is not None:
            token = create_link(work, user, "reset", email)
            mail.send("reset", email, secret=token, link=mail.absolute_url("/reset", token=token))


def find_reset_link(token: str) -> Link:
    """Return the link that `reset_password` would use. Raises ValidationFailed."""
    return find_link(token, "reset")


def reset_password(token: str, password: str, source: Source) -> str:
    """Set a new password, end all sign-ins, and return the user's id.

    Also verifies the address, since the token was mailed there, and lifts any pause after wrong
    passwords. The caller passes the id to `request_source.remember_device`: otherwise an attacker
    who goes on guessing could lock the owner out again before they log in. Raises ValidationFailed
    for an invalid link, RateLimited.
    """
    with limit_invalid_links(source):
        find_reset_link(token)  # first, because hashing is expensive
        release_connection()
        password_hash = hash_password(password)
        with atomic() as work:
            link = use_link(work, token, "reset")
            user = link.user
            user.password_hash = password_hash
            if user.email_verified_at is None:
                # The account may have been created, and linked, by someone else.
                work.execute(delete(LinkedAccount).where(LinkedAccount.user_id == user.id))
                user.email_verified_at = now()
            revoke_links(work, user.id, keep=link.verification)
            sign_ins.end_all_sign_ins(user.id)
            password_guesses.clear_failures(user.id)
            mail.send(
                "password_changed", link.verification.email, link=mail.absolute_url("/forgot")
            )
    audit.note("password reset", user_id=user.id, address=source.address)
    return user.id
