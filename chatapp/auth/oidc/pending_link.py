"""The link to a provider account that this browser still has to confirm with a password.

It is kept in the session for some minutes, and for a few tries.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import Any

from flask import session

from chatapp.auth.oidc.linked_accounts import UnconfirmedLink
from chatapp.core.errors import BadRequest
from chatapp.security.identity import signed_in

_TTL_SECONDS, _MAX_TRIES = 600, 5
_SESSION_KEY = "unconfirmed_link"


@dataclass(frozen=True, slots=True)
class PendingLink:
    """The link, and the path to go to once it is confirmed."""

    link: UnconfirmedLink
    next: str


def store_pending_link(link: UnconfirmedLink, next_path: str) -> None:
    """Keep the link in the session until it is confirmed."""
    session[_SESSION_KEY] = {
        **asdict(link),
        "next": next_path,
        "until": time.time() + _TTL_SECONDS,
        "tries": _MAX_TRIES,
    }


def load_pending_link() -> PendingLink:
    """Return the link to confirm.

    Raises BadRequest if there is none, if it has expired or had too many tries, or if another
    person has logged in since.
    """
    stored: dict[str, Any] = session.get(_SESSION_KEY) or {"until": 0, "tries": 0}
    person = signed_in()
    belongs_to_caller = person is None or person.id == stored.get("user_id")
    if stored["until"] < time.time() or stored["tries"] < 1 or not belongs_to_caller:
        forget_pending_link()
        raise BadRequest("There is nothing left to confirm. Please start again.")
    fields = UnconfirmedLink.__dataclass_fields__
    return PendingLink(UnconfirmedLink(**{name: stored[name] for name in fields}), stored["next"])


def count_try() -> None:
    """Use up one of the tries to confirm the link."""
    stored = session[_SESSION_KEY]
    session[_SESSION_KEY] = {**stored, "tries": stored["tries"] - 1}


def forget_pending_link() -> None:
    """Remove the link from the session."""
    session.pop(_SESSION_KEY, None)
