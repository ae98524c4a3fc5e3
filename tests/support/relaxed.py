"""Care that costs time and that no test can see: dear hashes, and waiting for the disk.

What the real parameters are has tests of its own: `test_hashing_is_argon2id_and_strong` and
`test_durability_and_foreign_keys_are_on`.
"""

from __future__ import annotations

import sqlite3
from typing import Any

from sqlalchemy import Engine, event


def make_hashing_cheap() -> None:
    """Hash with Argon2id at its least, from now on, in this process."""
    from argon2 import PasswordHasher

    from chatapp.security import password_hashing

    password_hashing.hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def make_sqlite_careless(engine: Engine) -> None:
    """Don't wait for the disk: a power cut may lose commits, the death of a process doesn't."""
    engine.dispose()  # connections are made anew, without the care

    @event.listens_for(engine, "connect")
    def _careless(connection: Any, _record: Any) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.execute("PRAGMA synchronous=OFF")
