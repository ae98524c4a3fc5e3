"""The memory of rate limits: when each key was used.

The `limits` library has a memory of its own, but that starts a thread every 10 ms that looks
through everyone who ever came.
"""

from __future__ import annotations

import time
from collections import deque

from limits.storage import MovingWindowSupport, Storage

from chatapp.core import concurrency


class Windows(Storage, MovingWindowSupport):
    """Storage in memory: when each key was used, for as long as that matters."""

    STORAGE_SCHEME = None

    def __init__(self) -> None:
        super().__init__()
        self._times: dict[str, deque[float]] = {}
        self._forget_at: dict[str, float] = {}
        self._sweep_at = 0.0
        self._lock = concurrency.lock()

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Use the key ``amount`` times, unless that makes more than ``limit`` within ``expiry``."""
        now = time.monotonic()
        with self._lock:
            self._sweep(now)
            times = self._times.setdefault(key, deque())
            while times and times[0] <= now - expiry:
                times.popleft()
            if len(times) + amount > limit:
                return False
            times.extend([now] * amount)
            self._forget_at[key] = now + expiry
            return True

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """Return when the first use was that still counts, and how many do."""
        now = time.monotonic()
        with self._lock:
            counting = [moment for moment in self._times.get(key, ()) if moment > now - expiry]
        return (counting[0], len(counting)) if counting else (now, 0)

    def _sweep(self, now: float) -> None:
        """Forget those who have been quiet, now and then."""
        if now < self._sweep_at:
            return
        self._sweep_at = now + 10
        for key in [key for key, moment in self._forget_at.items() if moment <= now]:
            del self._forget_at[key], self._times[key]

    @property
    def base_exceptions(self) -> type[Exception]:
        """Return what no operation here raises."""
        return ValueError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Raise NotImplementedError: moving windows don't use it."""
        raise NotImplementedError

    def get(self, key: str) -> int:
        """Return how often the key was used, perhaps with uses that no longer count."""
        return len(self._times.get(key, ()))

    def get_expiry(self, key: str) -> float:
        """Return when the key is forgotten."""
        return self._forget_at.get(key, 0.0)

    def check(self) -> bool:
        """Return True: memory is always there."""
        return True

    def reset(self) -> int:
        """Forget everything."""
        with self._lock:
            count = len(self._times)
            self._times.clear()
            self._forget_at.clear()
            self._sweep_at = 0.0
        return count

    def clear(self, key: str) -> None:
        """Forget this key."""
        with self._lock:
            self._times.pop(key, None)
            self._forget_at.pop(key, None)
