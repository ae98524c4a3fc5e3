"""How much one person may do, over all doors of this process together.

At most `MOST_CONNECTIONS` live connections, 10 messages a second (30 at once, then), and 60 of
everything else; 20 pictures a minute. Where RATE_LIMITS is off nothing is counted. Sizes are
limited elsewhere, always.

The counting is the `limits` library's moving window; what it counts is kept here, because its own
memory starts a thread every 10 ms that looks through everyone who ever came.
"""

from __future__ import annotations

import math
import time
from collections import Counter, deque

from flask import request
from limits import RateLimitItem, RateLimitItemPerMinute, RateLimitItemPerSecond
from limits.storage import MovingWindowSupport, Storage
from limits.strategies import MovingWindowRateLimiter

from chatapp.core import concurrency
from chatapp.core.errors import RateLimited
from chatapp.security.api_paths import is_rest_request
from chatapp.security.identity import counted_as
from chatapp.security.view_policy import ViewPolicy

MOST_CONNECTIONS = 10
#: 10 a second, and 30 at once.
MESSAGES = RateLimitItemPerSecond(30, 3, namespace="messages")
#: Everything else that a person asks for: 60 a second.
EVENTS = RateLimitItemPerSecond(60, 1, namespace="events")
#: Each is decoded and encoded, or fetched from elsewhere.
PICTURES = RateLimitItemPerMinute(20, 1, namespace="pictures")


class Windows(Storage, MovingWindowSupport):
    """When each key was last used, for as long as that matters, in this process's memory."""

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
        """The first use that still counts, and how many do."""
        now = time.monotonic()
        with self._lock:
            counting = [moment for moment in self._times.get(key, ()) if moment > now - expiry]
        return (counting[0], len(counting)) if counting else (now, 0)

    def release_entry(self, key: str) -> None:
        """Take the last use back."""
        with self._lock:
            times = self._times.get(key)
            if times:
                times.pop()

    def _sweep(self, now: float) -> None:
        """Forget whoever has been quiet, now and then."""
        if now < self._sweep_at:
            return
        self._sweep_at = now + 10
        for key in [key for key, moment in self._forget_at.items() if moment <= now]:
            del self._forget_at[key], self._times[key]

    @property
    def base_exceptions(self) -> type[Exception]:
        """Nothing here can fail."""
        return ValueError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Not for moving windows."""
        raise NotImplementedError

    def get(self, key: str) -> int:
        """How often the key was used; what no longer counts may be among it."""
        return len(self._times.get(key, ()))

    def get_expiry(self, key: str) -> float:
        """When the key is forgotten."""
        return self._forget_at.get(key, 0.0)

    def check(self) -> bool:
        """It is always there."""
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


_windows = Windows()
_strategy = MovingWindowRateLimiter(_windows)
_connections: Counter[str] = Counter()
_lock = concurrency.lock()
_on = False


def configure(on: bool) -> None:
    """Count from nothing, or not at all."""
    global _on  # noqa: PLW0603  there is one of it in a process, as of the connections it counts
    _on = on
    _windows.reset()
    _connections.clear()


def enabled() -> bool:
    """Whether anything is limited."""
    return _on


def check_message(user_id: str) -> None:
    """One more new message. Raises RateLimited.

    Repeats don't count: ask once it is known that this message isn't one.
    """
    _check(MESSAGES, user_id, "You are sending messages too fast.")


def return_message(user_id: str) -> None:
    """The last message that was counted wasn't stored after all."""
    if _on:
        _windows.release_entry(MESSAGES.key_for(user_id))


def check_event(user_id: str) -> None:
    """One more event, call or form other than a message. Raises RateLimited."""
    _check(EVENTS, user_id, "You are doing too much at once.")


def check_picture(user_id: str) -> None:
    """One more picture, uploaded or to be fetched. Raises RateLimited."""
    _check(PICTURES, user_id, "You are changing pictures too fast.")


def take_connection(user_id: str) -> None:
    """One more live connection of this person. Raises RateLimited.

    Whoever took one gives it back by `give_connection`, once.
    """
    with _lock:
        if _on and _connections[user_id] >= MOST_CONNECTIONS:
            raise RateLimited(
                f"You are connected {MOST_CONNECTIONS} times already. Close another window or "
                "device, and connect again.",
                retry_after=5,
            )
        _connections[user_id] += 1


def give_connection(user_id: str) -> None:
    """A live connection of this person ended."""
    with _lock:
        _connections[user_id] -= 1
        if _connections[user_id] <= 0:
            del _connections[user_id]


def check_request(policy: ViewPolicy) -> None:
    """Count this request, if it is a REST call or changes something. Raises RateLimited."""
    if not _on or policy.limit == "messages":
        return
    if is_rest_request() or request.method not in ("GET", "HEAD", "OPTIONS"):
        id_ = counted_as()
        if id_ is not None:
            check_event(id_)


def _check(limit: RateLimitItem, user_id: str, problem: str) -> None:
    if not _on or _strategy.hit(limit, user_id):
        return
    left = _strategy.get_window_stats(limit, user_id).reset_time - time.monotonic()
    seconds = max(1, math.ceil(left))
    unit = "second" if seconds == 1 else "seconds"
    raise RateLimited(f"{problem} Please wait {seconds} {unit}.", retry_after=seconds)
