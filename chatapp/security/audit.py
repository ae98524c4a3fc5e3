"""Audit log of accounts: who signed in, who was refused, what was changed.

Each event is one line of the logger `chatapp.auth` and carries its request's id. Never a password,
token or code, nor what was typed as a name: people type their passwords there.
"""

from __future__ import annotations

import logging

log = logging.getLogger("chatapp.auth")


def note(event: str, *, user_id: str | None = None, **facts: str | int | None) -> None:
    """Log an event of this account, such as "signed in"; ``facts`` are small and not secret."""
    known = {"user_id": user_id, **facts}
    log.info(event, extra={name: value for name, value in known.items() if value is not None})
