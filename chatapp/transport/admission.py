"""Bounds on connections that have not signed in: how many may wait, and for how long.

Anyone can open an Engine.IO connection. It belongs to a person when Socket.IO's connect succeeds.
A connection that isn't signed in within `SIGN_IN_SECONDS` is closed, and so is one that was refused
or disconnected. At most `MAX_WAITING` connections of one address may wait. permessage-deflate is
refused here as well: it keeps a window of memory for each connection, and compresses the same event
once for each receiver.

Read in python-socketio 5.18 and python-engineio 4.15; with any other version nothing is closed.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

import socketio

from chatapp.core import concurrency
from chatapp.core.error_responses import answer_error
from chatapp.core.errors import RateLimited
from chatapp.core.tally import Tally
from chatapp.core.wsgi_types import Environ, WsgiApp
from chatapp.security.client_address import network
from chatapp.transport.incoming import Collector, Incoming
from chatapp.transport.packets import MalformedPacketError
from chatapp.transport.send_buffer import SendBuffer, send_buffer_of
from chatapp.transport.versions import is_supported
from chatapp.transport.wsgi_errors import LogStream

log = logging.getLogger(__name__)

#: Seconds within which a connection must be signed in.
SIGN_IN_SECONDS = 5.0
#: Connections of one address that may wait to be signed in.
MAX_WAITING = 50
#: Seconds in which a refused client may still poll the reason.
_REFUSED_SECONDS = 1.0
#: Binary attachments of one Socket.IO packet; no event of this server has any.
_MAX_ATTACHMENTS = 100


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A connection that isn't signed in."""

    until: float
    address: str


@dataclass(frozen=True, slots=True)
class _Closing:
    """A closed connection whose client still holds the TCP connection."""

    until: float
    buffer: SendBuffer


class Admission:
    """The connections of one Socket.IO server that have not signed in, and their bounds."""

    def __init__(
        self,
        server: socketio.Server,
        *,
        paced: bool = True,
        max_waiting: int | None = MAX_WAITING,
        timeout: float = SIGN_IN_SECONDS,
    ) -> None:
        self._server = server
        self._paced = paced
        self._malformed = Tally(log, "closed a connection that sent a malformed packet")
        self._collector = Collector()
        self._max_waiting = max_waiting
        self._timeout = timeout
        self._errors = LogStream()
        self._lock = concurrency.lock()
        # Each in the order in which their time is over.
        self._waiting: dict[str, _Waiting] = {}
        self._refused: dict[str, _Waiting] = {}
        self._closing: dict[str, _Closing] = {}
        self._waiting_by_address: Counter[str] = Counter()
        self._sweeping = False
        self._enabled = is_supported("python-socketio", "5.18") and is_supported(
            "python-engineio", "4.15"
        )
        if self._enabled:
            self._wrap_handlers()

    def middleware(self, wsgi_app: WsgiApp) -> WsgiApp:
        """Wrap ``wsgi_app``: refuse to open a connection where too many of its address wait."""

        def handle(environ: Environ, start_response: Any) -> Iterable[bytes]:
            if environ.get("PATH_INFO", "").startswith("/socket.io"):
                environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)
                environ["wsgi.errors"] = self._errors
                opens = "sid=" not in environ.get("QUERY_STRING", "")
                if opens and self._is_full(_address(environ)):
                    return self._refuse(start_response)
            return wsgi_app(environ, start_response)

        return handle

    def admit(self, sid: str) -> bool:
        """Stop the clock: the connection is signed in. Return False where it is gone already."""
        eio_sid = self._server.manager.eio_sid_from_sid(sid, "/")
        self._stop_waiting(eio_sid)
        return eio_sid in self._server.environ

    def dismiss(self, sid: str) -> None:
        """Start the clock again: the connection is no longer signed in."""
        eio_sid = self._server.manager.eio_sid_from_sid(sid, "/")
        environ = self._server.environ.get(eio_sid)
        if environ is not None and self._enabled:
            self._start_waiting(eio_sid, _address(environ))

    def _wrap_handlers(self) -> None:
        """Put this class between Engine.IO and Socket.IO."""
        handlers = self._server.eio.handlers
        connect, message = handlers["connect"], handlers["message"]
        disconnect = handlers["disconnect"]

        def on_connect(eio_sid: str, environ: Environ) -> Any:
            engine_socket = self._server.eio.sockets[eio_sid]
            engine_socket.queue = SendBuffer(engine_socket)
            Incoming(
                engine_socket,
                paced=self._paced,
                is_signed_in=lambda id_: id_ not in self._waiting,
                malformed=self._malformed,
                collector=self._collector,
            )
            self._start_waiting(eio_sid, _address(environ))
            return connect(eio_sid, environ)

        def on_message(eio_sid: str, data: Any) -> Any:
            buffer = send_buffer_of(self._server, eio_sid)
            if buffer is not None:
                buffer.wait_for_answers()
            if self._is_too_large(eio_sid, data) or eio_sid in self._refused:
                self._close(eio_sid)
                return None
            try:
                answer = message(eio_sid, data)
            except MalformedPacketError as exc:
                self._malformed.add(exc)
                self._close(eio_sid)
                return None
            if eio_sid in self._waiting and str(data)[:1] == "0":
                self._refuse_connection(eio_sid)
            return answer

        def on_disconnect(eio_sid: str, reason: str) -> Any:
            try:
                return disconnect(eio_sid, reason)
            finally:
                self._server._binary_packet.pop(eio_sid, None)
                self._stop_waiting(eio_sid)
                self._refused.pop(eio_sid, None)
                self._expect_end(eio_sid)

        self._server.eio.on("connect", on_connect)
        self._server.eio.on("message", on_message)
        self._server.eio.on("disconnect", on_disconnect)

    def _is_full(self, address: str) -> bool:
        return (
            self._max_waiting is not None and self._waiting_by_address[address] >= self._max_waiting
        )

    def _is_too_large(self, eio_sid: str, data: Any) -> bool:
        """Return whether a packet outgrows the limit by its binary attachments.

        Each attachment is a message of its own, which alone is within the limit.
        """
        packet = self._server._binary_packet.get(eio_sid)
        if packet is None:
            return False
        sizes = [len(attachment) for attachment in packet.attachments]
        limit: int = self._server.eio.max_http_buffer_size
        return len(sizes) >= _MAX_ATTACHMENTS or sum(sizes) + len(data or "") > limit

    def _start_waiting(self, eio_sid: str, address: str) -> None:
        self._stop_waiting(eio_sid)
        with self._lock:
            self._waiting[eio_sid] = _Waiting(time.monotonic() + self._timeout, address)
            self._waiting_by_address[address] += 1
        self._start_sweeping()

    def _refuse_connection(self, eio_sid: str) -> None:
        """Close a connection that asked to be signed in and was refused, once it knows why."""
        engine_socket = self._server.eio.sockets.get(eio_sid)
        if engine_socket is None:
            return
        if engine_socket.upgraded:  # the reason is on its way
            self._close(eio_sid)
            return
        with self._lock:
            until = time.monotonic() + min(_REFUSED_SECONDS, self._timeout)
            self._refused[eio_sid] = _Waiting(until, "")
        self._start_sweeping()

    def _stop_waiting(self, eio_sid: str | None) -> None:
        with self._lock:
            waiting = self._waiting.pop(eio_sid or "", None)
            if waiting is not None:
                self._waiting_by_address[waiting.address] -= 1
                if not self._waiting_by_address[waiting.address]:
                    del self._waiting_by_address[waiting.address]

    def _expect_end(self, eio_sid: str) -> None:
        """Bound the time in which the client of a closed connection has to let go of TCP."""
        buffer = send_buffer_of(self._server, eio_sid)
        if buffer is not None and buffer.is_attached:
            with self._lock:
                self._closing[eio_sid] = _Closing(time.monotonic() + self._timeout, buffer)
            self._start_sweeping()

    def _start_sweeping(self) -> None:
        with self._lock:
            sweeping, self._sweeping = self._sweeping, True
        if not sweeping:
            concurrency.spawn(self._sweep)

    def _sweep(self) -> None:
        """Close whatever is due, until nothing is left to wait for."""
        while True:
            with self._lock:
                waiting = _due(self._waiting)
                refused = _due(self._refused)
                ended = [self._closing.pop(eio_sid).buffer for eio_sid in _due(self._closing)]
                if not (self._waiting or self._refused or self._closing):
                    self._sweeping = False
                    return
            for buffer in ended:
                buffer.abort()
            for eio_sid in refused:
                self._close(eio_sid)
            for eio_sid in waiting:
                self._close_waiting(eio_sid)
            concurrency.wait(min(0.25, self._timeout))

    def _close_waiting(self, eio_sid: str) -> None:
        if self._server.manager.sid_from_eio_sid(eio_sid, "/") is None:
            self._close(eio_sid)
        else:  # it is being signed in or out at this moment, and the database takes its time
            with self._lock:
                waiting = self._waiting.get(eio_sid)
            if waiting is not None:
                self._start_waiting(eio_sid, waiting.address)

    def _close(self, eio_sid: str) -> None:
        self._stop_waiting(eio_sid)
        self._refused.pop(eio_sid, None)
        engine_socket = self._server.eio.sockets.get(eio_sid)
        if engine_socket is not None:
            engine_socket.close(wait=False, reason=self._server.eio.reason.SERVER_DISCONNECT)

    def _refuse(self, start_response: Any) -> list[bytes]:
        error = RateLimited(
            "Too many connections from your address are waiting to sign in. "
            "Please try again in a few seconds.",
            retry_after=max(1, round(self._timeout)),
        )
        return answer_error(error, start_response)


def _due(entries: Mapping[str, _Waiting | _Closing]) -> list[str]:
    """Return the ids of the first entries, whose time is over."""
    now = time.monotonic()
    return list(takewhile(lambda id_: entries[id_].until <= now, entries))


def _address(environ: Environ) -> str:
    return network(environ.get("REMOTE_ADDR"))
