"""Care that costs time and that no test can see: dear hashes, and waiting for the disk.

What the real parameters are has tests of its own: `test_hashing_is_argon2id_and_strong` and
`test_durability_and_foreign_keys_are_on`.
"""

from __future__ import annotations

import importlib
import json
import os
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


#: The environment variable that `shorten_waits` reads.
SHORTENED = "CHATAPP_TESTS_SHORTENED_WAITS"


def shortened(**constants: float) -> dict[str, str]:
    """Return settings for `new_server` that give constants other values.

    `**shortened(**{"chatapp.realtime.presence.OFFLINE_AFTER_SECONDS": 1.0})`. A test of the real
    value must remain where a constant is shortened.
    """
    return {SHORTENED: json.dumps(constants)}


def shorten_waits() -> None:
    """Set the constants that the environment names, in this process."""
    for name, value in json.loads(os.environ.get(SHORTENED, "{}")).items():
        module, _, constant = name.rpartition(".")
        loaded = importlib.import_module(module)
        assert isinstance(getattr(loaded, constant), int | float), name
        setattr(loaded, constant, value)
