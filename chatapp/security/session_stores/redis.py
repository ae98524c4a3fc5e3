"""Sessions in Redis: one key each, which Redis lets expire."""

from __future__ import annotations

from datetime import timedelta

from redis import BlockingConnectionPool, Redis
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, RedisError, ResponseError
from redis.retry import Retry

from chatapp.security.session_stores import TIMEOUT_SECONDS

PREFIX = "chatapp:session:"


class RedisStore:
    """Sessions as keys that begin with `PREFIX`."""

    in_database = False
    failures: tuple[type[Exception], ...] = (RedisError,)
    unreadable: tuple[type[Exception], ...] = ()
    refusals: tuple[type[Exception], ...] = (AuthenticationError, ResponseError)

    def __init__(self, url: str) -> None:
        # One repetition: after a restart of Redis every kept connection is a broken one.
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=64,
            timeout=TIMEOUT_SECONDS,
            socket_timeout=TIMEOUT_SECONDS / 2,
            socket_connect_timeout=TIMEOUT_SECONDS / 2,
            retry=Retry(NoBackoff(), 1),
        )
        self._redis = Redis(connection_pool=pool)

    def prepare(self) -> None:
        """Check that Redis answers."""
        self._redis.ping()

    def load(self, key: str) -> bytes | None:
        """Return what is kept under this key."""
        data = self._redis.get(PREFIX + key)
        return data if isinstance(data, bytes) else None

    def insert(self, key: str, data: bytes, lifetime: timedelta) -> None:
        """Set a new key."""
        self._redis.set(PREFIX + key, data, px=lifetime)

    def update(self, key: str, data: bytes, lifetime: timedelta) -> bool:
        """Replace the key; return whether it was there."""
        return bool(self._redis.set(PREFIX + key, data, px=lifetime, xx=True))

    def delete(self, key: str) -> None:
        """Delete the key."""
        self._redis.delete(PREFIX + key)
