"""Password hashing: Argon2id in a real thread, so that other connections don't wait."""

from __future__ import annotations

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from chatapp.core.native_threads import run_in_thread

#: OWASP's password storage cheat sheet: m=19456 (KiB), t=2, p=1 or stronger.
hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)


def hash_password(password: str) -> str:
    """Return a hash to store, with its salt and parameters."""
    return run_in_thread(hasher.hash, password)


def check_password(stored: str | None, password: str) -> bool:
    """Return whether this is the password that was hashed; without a hash do the same work.

    So refusing an address that nobody has takes as long as refusing a wrong password.
    """
    return run_in_thread(_verify, stored or _placeholder_hash(), password) and stored is not None


def is_outdated(stored: str) -> bool:
    """Return whether this hash was made with other parameters than today's."""
    return hasher.check_needs_rehash(stored)


@cache
def _placeholder_hash() -> str:
    return hash_password("nobody has this password")


def _verify(stored: str, password: str) -> bool:
    try:
        return hasher.verify(stored, password)
    except (Argon2Error, InvalidHashError):
        return False
