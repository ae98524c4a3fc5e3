"""Locks by key, for work on the same thing that has to wait its turn."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from chatapp.core import concurrency


class KeyedLocks:
    """One lock per key; a key that nobody holds or waits for takes no memory."""

    def __init__(self) -> None:
        self._lock = concurrency.lock()
        #: By key: its lock, and how many hold it or wait for it.
        self._locks: dict[str, tuple[Lock, int]] = {}

    @contextmanager
    def hold(self, key: str) -> Iterator[None]:
        """Hold this key's lock; wait while another task holds it."""
        with self._lock:
            lock, users = self._locks.get(key) or (concurrency.lock(), 0)
            self._locks[key] = lock, users + 1
        try:
            with lock:
                yield
        finally:
            with self._lock:
                users = self._locks[key][1] - 1
                if users:
                    self._locks[key] = lock, users
                else:
                    del self._locks[key]

    def __len__(self) -> int:
        return len(self._locks)
