"""Rate limits per person, shared by all doors of this process.

At most `MAX_CONNECTIONS` live connections, 10 messages a second (and 30 at once), 60 of everything
else, and 20 pictures a minute. Where RATE_LIMITS is off nothing is counted. Sizes are limited
elsewhere, always.

The counting is the `limits` library's moving window; what it counts is kept here, because its own
memory starts a thread every 10 ms that looks through everyone who ever came.
"""

from __future__ import annotations

import math
import time
from collections import Counter, deque

from flask import Flask, current_app, request
from limits import RateLimitItem, RateLimitItemPerMinute, RateLimitItemPerSecond
from limits.storage import MovingWindowSupport, Storage
from limits.strategies import MovingWindowRateLimiter

from chatapp.core import concurrency
from chatapp.core.errors import RateLimited
from chatapp.security.api_paths import is_rest_request
from chatapp.security.identity import counted_as
from chatapp.security.view_policy import ViewPolicy

MAX_CONNECTIONS = 10
#: 10 a second, and 30 at once.
MESSAGES = RateLimitItemPerSecond(30, 3, namespace="messages")
#: Everything else that a person asks for: 60 a second.
EVENTS = RateLimitItemPerSecond(60, 1, namespace="events")
#: Each is decoded and encoded, or fetched from elsewhere.
PICTURES = RateLimitItemPerMinute(20, 1, namespace="pictures")

_SAFE = ("GET", "HEAD", "OPTIONS")


class RateLimiter:
    """The rate limits of one app, and what people have used of them."""

    def __init__(self, *, on: bool) -> None:
        self.on = on
        self._windows = Windows()
        self._strategy = MovingWindowRateLimiter(self._windows)
        self._connections: Counter[str] = Counter()
        self._lock = concurrency.lock()

    def configure(self, on: bool) -> None:
        """Count from nothing, or not at all."""
        self.on = on
        self._windows.reset()
        self._connections.clear()

    def check_message(self, user_id: str) -> None:
        """Count a new message. Raises RateLimited.

        Repeats don't count: ask once it is known that this message isn't one.
        """
        self._check(MESSAGES, user_id, "You are sending messages too fast.")

    def return_message(self, user_id: str) -> None:
        """Take back the last message that was counted: it wasn't stored after all."""
        if self.on:
            self._windows.release_entry(MESSAGES.key_for(user_id))

    def check_event(self, user_id: str) -> None:
        """Count an event, call or form other than a message. Raises RateLimited."""
        self._check(EVENTS, user_id, "You are doing too much at once.")

    def check_picture(self, user_id: str) -> None:
        """Count a picture, uploaded or to be fetched. Raises RateLimited."""
        self._check(PICTURES, user_id, "You are changing pictures too fast.")

    def take_connection(self, user_id: str) -> None:
        """Count a live connection of this person, until `give_connection`. Raises RateLimited."""
        with self._lock:
            if self.on and self._connections[user_id] >= MAX_CONNECTIONS:
                raise RateLimited(
                    f"You are connected {MAX_CONNECTIONS} times already. Close another window or "
                    "device, and connect again.",
                    retry_after=5,
                )
            self._connections[user_id] += 1

    def give_connection(self, user_id: str) -> None:
        """Give back, once, a connection that was taken and has ended."""
        with self._lock:
            self._connections[user_id] -= 1
            if self._connections[user_id] <= 0:
                del self._connections[user_id]

    def _check(self, limit: RateLimitItem, user_id: str, problem: str) -> None:
        if not self.on or self._strategy.hit(limit, user_id):
            return
        left = self._strategy.get_window_stats(limit, user_id).reset_time - time.monotonic()
        seconds = max(1, math.ceil(left))
        unit = "second" if seconds == 1 else "seconds"
        raise RateLimited(f"{problem} Please wait {seconds} {unit}.", retry_after=seconds)


def init_app(app: Flask, *, on: bool) -> None:
    """Give the app a rate limiter of its own."""
    app.extensions["rate_limiter"] = RateLimiter(on=on)


def current_limiter() -> RateLimiter:
    """Return the current app's rate limiter."""
    limiter: RateLimiter = current_app.extensions["rate_limiter"]
    return limiter


def enabled() -> bool:
    """Return whether the current app limits anything."""
    return current_limiter().on


def check_message(user_id: str) -> None:
    """Count a new message of this person. Raises RateLimited."""
    current_limiter().check_message(user_id)


def check_event(user_id: str) -> None:
    """Count an event, call or form of this person. Raises RateLimited."""
    current_limiter().check_event(user_id)


def check_picture(user_id: str) -> None:
    """Count a picture of this person. Raises RateLimited."""
    current_limiter().check_picture(user_id)


def check_request(policy: ViewPolicy) -> None:
    """Count this request, if it is a REST call or changes something. Raises RateLimited."""
    if not enabled() or policy.limit == "messages":
        return
    if is_rest_request() or request.method not in _SAFE:
        id_ = counted_as()
        if id_ is not None:
            check_event(id_)


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

    def release_entry(self, key: str) -> None:
        """Take the last use back."""
        with self._lock:
            times = self._times.get(key)
            if times:
                times.pop()

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
