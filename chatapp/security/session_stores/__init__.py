"""Stores of browser sessions: a key, some bytes, and a time after which they are gone.

A store doesn't know what the bytes mean. It neither waits nor retries for long: a request asks it,
and a page that says "try again" after two seconds is better than one that doesn't come.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol

from config import Settings

#: Seconds that one operation of a store elsewhere may take, all tries together.
TIMEOUT_SECONDS = 2.0


class Store(Protocol):
    """Keeps bytes by key. What was deleted or has expired isn't found."""

    #: Whether it writes to the application's database, so within a transaction of it.
    in_database: bool
    #: What an operation raises when the store doesn't answer or refuses.
    failures: tuple[type[Exception], ...]
    #: What it raises, beside ValueError, for an address that can't be one; it may show secrets.
    unreadable: tuple[type[Exception], ...]
    #: Those of them that another address or password would mend, and waiting wouldn't.
    refusals: tuple[type[Exception], ...]

    def prepare(self) -> None:
        """Make what the store needs before its first use; harmless when it is there."""

    def load(self, key: str) -> bytes | None:
        """Return what is kept under this key."""

    def insert(self, key: str, data: bytes, lifetime: timedelta) -> None:
        """Keep this under a key that nobody has used."""

    def update(self, key: str, data: bytes, lifetime: timedelta) -> bool:
        """Replace what is kept; return False, and keep nothing, where nothing is."""

    def delete(self, key: str) -> None:
        """Delete what is kept under this key."""


def store_for(settings: Settings) -> Store:
    """Return the store that SESSION_URL names. Imports its library, but doesn't connect yet."""
    if settings.session_url.startswith("mongodb"):
        from chatapp.security.session_stores.mongodb import MongoStore

        return MongoStore(settings.session_url)
    if settings.session_url != "database":
        from chatapp.security.session_stores.redis import RedisStore

        return RedisStore(settings.session_url)
    from chatapp.security.session_stores.database import DatabaseStore

    return DatabaseStore()
