"""A connection to a server that isn't trusted: so many bytes, so much time, and others get a turn.

http.client reads interim answers, headers and trailers without end, and urllib3 chunks of one byte.
While their data is there, nothing under eventlet or gevent would give way, no deadline would fire.
"""

from __future__ import annotations

import io
import time
from typing import Any

from chatapp.core import concurrency

#: Bytes read at a time: what is parsed between two turns of others.
_PIECE = 2048


class MeteredSocket:
    """A connected socket whose `makefile` raises OSError when the limit or the deadline is over."""

    def __init__(self, connection: Any, *, max_bytes: int, deadline: float) -> None:
        self._connection = connection
        self._max_bytes = max_bytes
        self._deadline = deadline

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def makefile(self, *_: Any, **__: Any) -> io.BufferedReader:
        """Return a file to read the answer from."""
        plain = self._connection.makefile("rb", buffering=0)
        return io.BufferedReader(_Metered(plain, self._max_bytes, self._deadline), _PIECE)


class _Metered(io.RawIOBase):
    """The bytes of a file, up to a limit and a deadline."""

    def __init__(self, plain: Any, max_bytes: int, deadline: float) -> None:
        self._plain = plain
        self._left = max_bytes
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        concurrency.wait(0)
        if self._left <= 0:
            raise OSError("the answer is too large")
        if time.monotonic() > self._deadline:
            raise TimeoutError("the answer takes too long")
        count: int | None = self._plain.readinto(memoryview(buffer)[:_PIECE])
        self._left -= count or 0
        return count

    def close(self) -> None:
        self._plain.close()
        super().close()
