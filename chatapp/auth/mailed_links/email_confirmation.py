"""Confirm an email address by following a mailed link: the current address or a new one."""

from __future__ import annotations

from chatapp.auth.link_tokens import Link, find_link, limit_invalid_links, use_link
from chatapp.auth.mailed_links import email_change
from chatapp.core.db import atomic, now
from chatapp.models import User
from chatapp.security import audit
from chatapp.security.request_source import Source


def find_confirmation_link(token: str) -> Link:
    """Return the link that `confirm_email` would use. Raises ValidationFailed."""
    return find_link(token, "verify", "email")


def confirm_email(token: str, source: Source) -> User:
    """Mark the address that the link was mailed to as the account's verified email.

    If the link was for an email change, the account's email changes. Raises ValidationFailed for an
    invalid link, Conflict if another account has taken the address, RateLimited.
    """
    with limit_invalid_links(source), atomic() as work:
        link = use_link(work, token, "verify", "email")
        user = link.user
        if link.verification.purpose == "email":
            email_change.apply_email_change(work, user, link.verification)
        user.email_verified_at = now()
    audit.note("address confirmed", user_id=user.id)
    return user
