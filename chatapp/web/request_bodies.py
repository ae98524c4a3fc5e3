"""Receives requests' bodies within a time limit, before anything of the application runs.

A client can send a body as slowly as it likes. So nothing that others need, such as a database
connection, may be held while one is received: small bodies are received here, large ones by
`receive_upload`, where a view expects a file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from chatapp.core import concurrency
from chatapp.core.error_responses import answer_error
from chatapp.core.errors import BadRequest, ChatError, RateLimited
from chatapp.core.wsgi_types import Environ, WsgiApp
from chatapp.security.client_address import network

#: The most bytes of a request's body where no upload is expected.
BODY_LIMIT = 256 * 1024
#: Seconds for a body, and bytes a second that a large one may count on beside them.
BODY_SECONDS = 10
LEAST_RATE = 8 * 1024
#: Unfinished requests of one network.
MAX_UNFINISHED = 64

_KEY = "chatapp.request_body"
_PIECE = 64 * 1024


class RequestBody:
    """One request's body: what was received of it, and where the rest comes from."""

    def __init__(
        self, source: IO[bytes], length: int | None, places: _Places, address: str
    ) -> None:
        self._source = source
        self._length = length  # None: it is chunked
        self._places = places
        self._address = address
        self.file: IO[bytes] = SpooledTemporaryFile(max_size=BODY_LIMIT)  # noqa: SIM115  lives on
        self._size = 0
        self._ended = length == 0

    def receive(self, most: int) -> None:
        """Receive the body, or the first ``most`` bytes and one more.

        Raises BadRequest (408) where it comes too slowly, RateLimited where too many requests of
        the client's network are unfinished.
        """
        if self._ended or self._size > most:
            return
        wanted = most + 1 if self._length is None else min(self._length, most + 1)
        seconds = BODY_SECONDS + max(0, wanted - BODY_LIMIT) / LEAST_RATE
        self.file.seek(0, 2)
        with self._places.taken(self._address):
            try:
                with concurrency.time_limit(seconds):
                    while self._size < wanted:
                        piece = self._source.read(min(_PIECE, wanted - self._size))
                        if not piece:
                            self._ended = True
                            break
                        self.file.write(piece)
                        self._size += len(piece)
                    self._ended = self._ended or self._size == self._length
            except TimeoutError:
                raise BadRequest("The request came too slowly. Try again.", status=408) from None
        self.file.seek(0)


class _Places:
    """How many requests of each network are unfinished."""

    def __init__(self) -> None:
        self._taken: Counter[str] = Counter()
        self._lock = concurrency.lock()

    @contextmanager
    def taken(self, address: str) -> Iterator[None]:
        """Take one of a network's places until the block ends. Raises RateLimited."""
        with self._lock:
            if self._taken[address] >= MAX_UNFINISHED:
                raise RateLimited(
                    "Too many requests from your network are unfinished. Try again in a moment.",
                    retry_after=BODY_SECONDS,
                )
            self._taken[address] += 1
        try:
            yield
        finally:
            with self._lock:
                self._taken[address] -= 1
                if not self._taken[address]:
                    del self._taken[address]


class RequestBodies:
    """WSGI middleware that receives small bodies, and the start of others."""

    def __init__(self, wsgi_app: WsgiApp) -> None:
        self._app = wsgi_app
        self._places = _Places()

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        """Receive a small body, and call the application."""
        length = _length(environ)
        if length == 0:
            return self._app(environ, start_response)
        body = RequestBody(
            environ["wsgi.input"], length, self._places, network(environ.get("REMOTE_ADDR"))
        )
        environ[_KEY] = body
        if length is None or length <= BODY_LIMIT:
            try:
                body.receive(BODY_LIMIT)
            except ChatError as error:
                return answer_error(error, start_response)
        environ["wsgi.input"] = body.file
        return self._app(environ, start_response)


def receive_upload(environ: Environ, most: int) -> None:
    """Receive this request's body, up to ``most`` bytes; see `RequestBody.receive`."""
    body: RequestBody | None = environ.get(_KEY)
    if body is not None:
        body.receive(most)


def _length(environ: Environ) -> int | None:
    """Return the length of the body; None where only its end will tell."""
    if "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower():
        return None
    given = environ.get("CONTENT_LENGTH") or "0"
    return int(given) if given.isascii() and given.isdigit() else 0
