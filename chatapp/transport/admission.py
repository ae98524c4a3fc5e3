"""The gate before Socket.IO: few may wait there, and briefly, who haven't said who they are.

Anyone can open an Engine.IO connection. It becomes a person's when Socket.IO's connect succeeds;
one that hasn't got there within `PATIENCE`, was refused, or has been disconnected, is closed. Of
one address at most `MOST_WAITING` wait. permessage-deflate is refused here as well: for each
connection it keeps a window of memory, and it compresses the same event once for each receiver.

Read in python-socketio 5.18 and python-engineio 4.15; with any other, nobody is shown out.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

import socketio

from chatapp.core import concurrency
from chatapp.security.client_address import network
from chatapp.transport.send_buffer import Outbox, outbox_of
from chatapp.transport.versions import known
from chatapp.transport.wsgi_errors import LogStream

#: Seconds in which a connection must become a person's.
PATIENCE = 5.0
#: Connections of one address that may wait for that.
MOST_WAITING = 50
#: Binary attachments of one Socket.IO packet; no event of ours has any.
_MOST_ATTACHMENTS = 100

Environ = dict[str, Any]
WsgiApp = Callable[[Environ, Any], Iterable[bytes]]


@dataclass(frozen=True, slots=True)
class _Guest:
    until: float
    address: str


@dataclass(frozen=True, slots=True)
class _Leaver:
    until: float
    outbox: Outbox


class Gate:
    """WSGI middleware around Socket.IO, and the list of who waits."""

    def __init__(
        self,
        wsgi_app: WsgiApp,
        server: socketio.Server,
        *,
        most_waiting: int | None = MOST_WAITING,
        patience: float = PATIENCE,
    ) -> None:
        self._app = wsgi_app
        self._server = server
        self._most = most_waiting
        self._patience = patience
        self._errors = LogStream()
        self._lock = concurrency.lock()
        self._guests: dict[str, _Guest] = {}  # who came first leaves first
        self._waiting: Counter[str] = Counter()
        self._leaving: dict[str, _Leaver] = {}
        self._watched = False
        self._open = not (known("python-socketio", "5.18") and known("python-engineio", "4.15"))
        if not self._open:
            self._stand_between()

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        """Pass a request on, unless it opens a connection and too many wait already."""
        if environ.get("PATH_INFO", "").startswith("/socket.io"):
            environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)
            environ["wsgi.errors"] = self._errors
            opens = "sid=" not in environ.get("QUERY_STRING", "")
            if opens and self._most and self._waiting[_address(environ)] >= self._most:
                return self._refuse(start_response)
        return self._app(environ, start_response)

    def admit(self, sid: str) -> bool:
        """The connection is a person's; False where it has gone in the meantime."""
        eio_sid = self._server.manager.eio_sid_from_sid(sid, "/")
        self._forget(eio_sid)
        return eio_sid in self._server.environ

    def dismiss(self, sid: str) -> None:
        """The connection is nobody's any more."""
        eio_sid = self._server.manager.eio_sid_from_sid(sid, "/")
        environ = self._server.environ.get(eio_sid)
        if environ is not None and not self._open:
            self._let_wait(eio_sid, _address(environ))

    def _stand_between(self) -> None:
        handlers = self._server.eio.handlers
        connect, message = handlers["connect"], handlers["message"]
        disconnect = handlers["disconnect"]

        def on_connect(eio_sid: str, environ: Environ) -> Any:
            engine_socket = self._server.eio.sockets[eio_sid]
            engine_socket.queue = Outbox(engine_socket)
            self._let_wait(eio_sid, _address(environ))
            return connect(eio_sid, environ)

        def on_message(eio_sid: str, data: Any) -> Any:
            outbox = outbox_of(self._server, eio_sid)
            if outbox is not None:
                outbox.wait_for_answers()
            if self._too_much(eio_sid, data):
                self._close(eio_sid)
                return None
            return message(eio_sid, data)

        def on_disconnect(eio_sid: str, reason: str) -> Any:
            try:
                return disconnect(eio_sid, reason)
            finally:
                self._server._binary_packet.pop(eio_sid, None)
                self._forget(eio_sid)
                self._see_off(eio_sid)

        self._server.eio.on("connect", on_connect)
        self._server.eio.on("message", on_message)
        self._server.eio.on("disconnect", on_disconnect)

    def _too_much(self, eio_sid: str, data: Any) -> bool:
        """Whether a packet outgrows the limit by its binary attachments, messages of their own."""
        packet = self._server._binary_packet.get(eio_sid)
        if packet is None:
            return False
        sizes = [len(attachment) for attachment in packet.attachments]
        most: int = self._server.eio.max_http_buffer_size
        return len(sizes) >= _MOST_ATTACHMENTS or sum(sizes) + len(data or "") > most

    def _let_wait(self, eio_sid: str, address: str) -> None:
        self._forget(eio_sid)
        with self._lock:
            self._guests[eio_sid] = _Guest(time.monotonic() + self._patience, address)
            self._waiting[address] += 1
        self._watch()

    def _forget(self, eio_sid: str | None) -> None:
        with self._lock:
            guest = self._guests.pop(eio_sid or "", None)
            if guest is not None:
                self._waiting[guest.address] -= 1
                if not self._waiting[guest.address]:
                    del self._waiting[guest.address]

    def _see_off(self, eio_sid: str) -> None:
        """It is closed; a client that doesn't let go of the line is made to."""
        outbox = outbox_of(self._server, eio_sid)
        if outbox is not None and outbox.attached:
            with self._lock:
                self._leaving[eio_sid] = _Leaver(time.monotonic() + self._patience, outbox)
            self._watch()

    def _watch(self) -> None:
        with self._lock:
            watched, self._watched = self._watched, True
        if not watched:
            concurrency.spawn(self._show_out)

    def _show_out(self) -> None:
        while True:
            with self._lock:
                guests = _due(self._guests)
                gone = [self._leaving.pop(eio_sid).outbox for eio_sid in _due(self._leaving)]
                if not self._guests and not self._leaving:
                    self._watched = False
                    return
            for outbox in gone:
                outbox.hang_up()
            for eio_sid in guests:
                self._show_guest_out(eio_sid)
            concurrency.wait(min(0.25, self._patience))

    def _show_guest_out(self, eio_sid: str) -> None:
        if self._server.manager.sid_from_eio_sid(eio_sid, "/") is None:
            self._close(eio_sid)
        else:  # it is just being let in or out, and the database takes its time
            with self._lock:
                guest = self._guests.get(eio_sid)
            if guest is not None:
                self._let_wait(eio_sid, guest.address)

    def _close(self, eio_sid: str) -> None:
        self._forget(eio_sid)
        engine_socket = self._server.eio.sockets.get(eio_sid)
        if engine_socket is not None:
            engine_socket.close(wait=False, reason=self._server.eio.reason.SERVER_DISCONNECT)

    def _refuse(self, start_response: Any) -> list[bytes]:
        error = {
            "code": "rate_limited",
            "message": "Too many connections from your address are waiting to sign in. "
            "Please try again in a few seconds.",
        }
        body = json.dumps({"error": error}).encode()
        headers = [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(body))),
            ("Retry-After", str(max(1, round(self._patience)))),
        ]
        start_response("429 Too Many Requests", headers)
        return [body]


def _due(line: Mapping[str, _Guest | _Leaver]) -> list[str]:
    """The ids at the front of the line whose time has come."""
    now = time.monotonic()
    return list(takewhile(lambda id_: line[id_].until <= now, line))


def _address(environ: Environ) -> str:
    return network(environ.get("REMOTE_ADDR"))
