"""Bounds on what one connection sends: how much, how fast, and what becomes of garbage.

A client that sends faster than its budget is read more slowly, so that nothing is lost. A packet
that cannot be read ends the connection. Before a connection is signed in, a packet has at most
`MAX_ANONYMOUS_BYTES`.

Read in python-engineio 4.15, whose sockets receive packets of both transports by one method.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import Any

from engineio import exceptions

from chatapp.core import concurrency
from chatapp.core.tally import Tally

#: Packets and bytes a second of one connection, and how many seconds' worth may come at once. An
#: outbox that was filled while offline fits in.
PACKETS_PER_SECOND, BYTES_PER_SECOND = 100, 128 * 1024
BURST_SECONDS = 10
#: A CONNECT is worth this many packets: it asks the database who that is.
_CONNECT_PACKETS = 20
#: Bytes of a packet before its connection is signed in: there is a token in it.
MAX_ANONYMOUS_BYTES = 8 * 1024
#: Bytes received after which unreachable objects are collected.
COLLECT_BYTES = 16 * 1024 * 1024


class Collector:
    """Collects garbage by bytes received, since the interpreter counts objects alone.

    A few hundred large packets in reference cycles are hundreds of megabytes.
    """

    def __init__(self) -> None:
        self._bytes = 0

    def note(self, size: int) -> None:
        """Count what was received, and collect when it is due."""
        self._bytes += size
        if self._bytes >= COLLECT_BYTES:
            self._bytes = 0
            gc.collect(1)


class Budget:
    """What one connection may send: a token bucket that is measured in seconds."""

    def __init__(self) -> None:
        self._paid_until = time.monotonic()

    def spend(self, packets: int, size: int) -> float:
        """Use some of it up; return the seconds to wait before more is read."""
        now = time.monotonic()
        cost = packets / PACKETS_PER_SECOND + size / BYTES_PER_SECOND
        self._paid_until = max(self._paid_until, now) + cost
        return max(0.0, self._paid_until - now - BURST_SECONDS)


class Incoming:
    """Receives one Engine.IO socket's packets in the library's place, and hands them on."""

    def __init__(
        self,
        engine_socket: Any,
        *,
        paced: bool,
        is_signed_in: Callable[[str], bool],
        malformed: Tally,
        collector: Collector,
    ) -> None:
        self._socket = engine_socket
        self._receive = engine_socket.receive
        self._get = engine_socket.handle_get_request
        self._budget = Budget()
        self._paced = paced
        self._is_signed_in = is_signed_in
        self._malformed = malformed
        self._collector = collector
        engine_socket.incoming = self
        engine_socket.receive = self.receive
        engine_socket.handle_get_request = self.handle_get_request

    def receive(self, packet: Any) -> None:
        """Handle one packet, or close the connection because of it."""
        if self._socket.closed:
            return  # it came in one go with the one that it was closed for
        data = packet.data or ""
        if not isinstance(data, str | bytes):
            # The library parses what begins like JSON; no Socket.IO packet does.
            self.end("JSON in place of a packet")
            return
        size = len(data)
        connects = isinstance(data, str) and data.startswith("0")
        self._pace(size, packets=_CONNECT_PACKETS if connects else 1)
        self._collector.note(size)
        if size > MAX_ANONYMOUS_BYTES and not self._is_signed_in(self._socket.sid):
            if not connects:
                self.end(f"{size} bytes before signing in")
                return
            packet.data = "0"  # that is no token: it is refused like none
        try:
            self._receive(packet)
        except exceptions.UnknownPacketError:
            self.end("an unknown type")

    def handle_get_request(self, environ: Any, start_response: Any) -> Any:
        """Answer a polling request, or upgrade to a WebSocket."""
        self._pace(0)
        return self._get(environ, start_response)

    def _pace(self, size: int, packets: int = 1) -> None:
        wait = self._budget.spend(packets, size)
        if self._paced and wait > 0:
            concurrency.wait(min(wait, 5.0))

    def end(self, reason: object) -> None:
        """Close the connection because of what it sent."""
        self._malformed.add(reason)
        self._socket.close(wait=False, reason=self._socket.server.reason.SERVER_DISCONNECT)
