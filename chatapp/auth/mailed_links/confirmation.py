"""Following a link that confirms an address: the account's own, or the one it changes to."""

from __future__ import annotations

from chatapp.auth.mailed_links import email_change
from chatapp.auth.mailed_links.links import Link, counted, read_link, use_link
from chatapp.core.db import atomic, now
from chatapp.models import User
from chatapp.security import audit
from chatapp.security.request_source import Source


def read_confirmation(token: str) -> Link:
    """What `confirm` would do with this token. Raises ValidationFailed."""
    return read_link(token, "verify", "email")


def confirm(token: str, source: Source) -> User:
    """The address that this token was mailed to is its person's, and known to be read by them.

    That may be another address than the account has had. Raises ValidationFailed for a token that
    doesn't count (any more), Conflict where somebody else has the address by now, RateLimited.
    """
    with counted(source), atomic() as work:
        link = use_link(work, token, "verify", "email")
        user = link.user
        if link.verification.purpose == "email":
            email_change.carry_out(work, user, link.verification)
        user.email_verified_at = now()
    audit.note("address confirmed", user_id=user.id)
    return user
