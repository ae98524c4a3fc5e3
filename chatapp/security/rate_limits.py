"""Rate limits per person, shared by all doors of this process; visitors count by their network.

At most `MAX_CONNECTIONS` live connections, 10 messages a second (and 30 at once), 20 pages, 60 of
everything else, and 20 pictures a minute. Where RATE_LIMITS is off nothing is counted. Sizes are
limited elsewhere, always.

The counting is the `limits` library's moving window, over the memory in `moving_windows`.
"""

from __future__ import annotations

import math
import time
from collections import Counter

from flask import Flask, current_app, request
from limits import RateLimitItem, RateLimitItemPerMinute, RateLimitItemPerSecond
from limits.strategies import MovingWindowRateLimiter

from chatapp.core import concurrency
from chatapp.core.errors import RateLimited
from chatapp.security.api_paths import is_rest_request
from chatapp.security.client_address import network
from chatapp.security.identity import counted_as
from chatapp.security.moving_windows import Windows
from chatapp.security.view_policy import ViewPolicy

MAX_CONNECTIONS = 10
#: 10 a second, and 30 at once.
MESSAGES = RateLimitItemPerSecond(30, 3, namespace="messages")
#: Everything else that a person asks for: 60 a second.
EVENTS = RateLimitItemPerSecond(60, 1, namespace="events")
#: Each is decoded and encoded, or fetched from elsewhere.
PICTURES = RateLimitItemPerMinute(20, 1, namespace="pictures")
#: Pages: 20 a second, and 60 at once.
PAGES = RateLimitItemPerSecond(60, 3, namespace="pages")
#: What one network's visitors ask for: 20 a second, and 600 at once, when a team logs in.
VISITORS = RateLimitItemPerSecond(600, 30, namespace="visitors")
#: In a WSGI environment: this request was counted as a visitor's.
VISITOR = "chatapp.visitor"

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

    def check_event(self, user_id: str) -> None:
        """Count an event, call or form other than a message. Raises RateLimited."""
        self._check(EVENTS, user_id, "You are doing too much at once.")

    def check_picture(self, user_id: str) -> None:
        """Count a picture, uploaded or to be fetched. Raises RateLimited."""
        self._check(PICTURES, user_id, "You are changing pictures too fast.")

    def check_page(self, user_id: str) -> None:
        """Count a page that a person opens. Raises RateLimited."""
        self._check(PAGES, user_id, "You are opening pages too fast.")

    def check_visitor(self, network: str) -> None:
        """Count a request of somebody of this network who isn't signed in. Raises RateLimited."""
        self._check(VISITORS, network, "Your network sends too many requests.")

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
    """Count this request, for its caller or for the network of a visitor. Raises RateLimited."""
    limiter = current_limiter()
    if not limiter.on or policy.limit != "requests":
        return
    id_ = counted_as()
    if id_ is None:
        if VISITOR not in request.environ:  # its credential was none, after all
            limiter.check_visitor(network(request.remote_addr))
    elif is_rest_request() or request.method not in _SAFE:
        limiter.check_event(id_)
    else:
        limiter.check_page(id_)
