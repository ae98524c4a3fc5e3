"""A bounded queue of what waits for one client, so that a client that doesn't read costs little.

python-engineio (read in 4.15) keeps a queue for each client, which one writer (the poller, or the
task of a WebSocket) empties, and which grows for ever when nobody reads. A `SendBuffer` takes its
place: the packets still leave through the library's one writer.

- Typing and presence are dropped as soon as `BUSY_BYTES` wait: they matter for a moment only.
- A client for which more than `MAX_BYTES` wait is cut off. It reconnects and resumes by version.
- Answers to the client's own calls don't count there, since a single one can be large. Instead the
  client's next packet isn't read before its answers have left, down to `MAX_BYTES`.
"""

from __future__ import annotations

import contextvars
import logging
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import socketio
from engineio import packet as eio

from chatapp.core import concurrency

log = logging.getLogger(__name__)

#: Bytes that may wait for a client; what they cost in memory, not what the wire will carry.
MAX_BYTES = 1024 * 1024
#: Bytes from which on typing and presence are dropped.
BUSY_BYTES = MAX_BYTES // 8
#: Bytes that the writer takes at a time; it holds them until the last one has left.
_BATCH_BYTES = 64 * 1024
#: Packets that the writer takes at a time: python-engineio's client hangs up on a polling answer
#: with more.
_BATCH_PACKETS = 16
#: Bytes that the operating system may keep for a client beside them.
_KERNEL_BYTES = 256 * 1024
#: Bytes of a packet beside its text, which is there twice: as it came and as it goes.
_OVERHEAD_BYTES = 256

_TRANSIENT = tuple(
    f'2["{event}"'
    for event in (
        "user:typing",
        "user:stopped-typing",
        "user:joined",
        "user:left",
        "user:online",
        "user:offline",
    )
)
_ABORT = struct.pack("ii", 1, 0)  # on closing forget what wasn't sent


class SendBuffer:
    """The packets that wait for one client, in the place of its Engine.IO socket's queue."""

    def __init__(self, engine_socket: Any) -> None:
        self._socket = engine_socket
        self._queue = engine_socket.queue
        self._empty: type[Exception] = engine_socket.server.get_queue_empty_exception()
        self._lock = concurrency.lock()
        self._events = self._answers = 0
        self._taken_events = self._taken_answers = self._taken_packets = 0
        self._connections: list[socket.socket] = []
        self.cut = False

    def put(self, packet: Any) -> None:
        """Add a packet for the writer; None is the end. Drop it when the client is cut off."""
        events, answers = _cost(packet)
        if not events and not answers:
            self._queue.put(packet)
            return
        if events and self._events > BUSY_BYTES and packet.data.startswith(_TRANSIENT):
            return
        if self._events + events > MAX_BYTES:
            self._let_writer_run(events)
        with self._lock:
            if self.cut:
                return
            self._events += events
            self._answers += answers
            self.cut = events > 0 and self._events > max(MAX_BYTES, events)
        if self.cut:
            self._cut_off()
        else:
            self._queue.put(packet)

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        """Return the next packet; a writer that blocks has sent all that it took before."""
        with self._lock:
            if block:
                self._events -= self._taken_events
                self._answers -= self._taken_answers
                self._taken_events = self._taken_answers = self._taken_packets = 0
            elif (
                self._taken_events + self._taken_answers >= _BATCH_BYTES
                or self._taken_packets >= _BATCH_PACKETS
            ):
                raise self._empty
        packet = self._queue.get(block, timeout)
        events, answers = _cost(packet)
        with self._lock:
            self._taken_events += events
            self._taken_answers += answers
            self._taken_packets += 1
        return packet

    def task_done(self) -> None:
        """Do nothing: nobody waits for it, see `join`."""

    def join(self) -> None:
        """Return at once: the caller would wait for ever for a client that never reads the rest."""

    @property
    def is_attached(self) -> bool:
        """Whether a WebSocket of this client is still being served."""
        return bool(self._connections)

    def wait_for_answers(self) -> None:
        """Return when all answers but `MAX_BYTES` of them have left, or the client is gone."""
        while self._answers > MAX_BYTES and not self.cut and not self._socket.closed:
            concurrency.wait(0.05)

    @contextmanager
    def attach(self, connection: socket.socket) -> Iterator[None]:
        """Know this TCP connection as the client's until the block ends."""
        try:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _KERNEL_BYTES)
        except OSError:
            pass  # it is closed already
        self._connections.append(connection)
        try:
            yield
        finally:
            self._connections.remove(connection)

    def abort(self) -> None:
        """End the client's TCP connections now; tasks that read from or write to them wake up."""
        for connection in tuple(self._connections):
            try:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT)
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it is closed already

    def _let_writer_run(self, events: int) -> None:
        """Give way a few times: many events in one go may only mean that the writer had no turn."""
        for _ in range(3):
            if not self.cut and self._events + events > MAX_BYTES:
                concurrency.wait(0)

    def _cut_off(self) -> None:
        log.info("cut off a client that doesn't read")
        self._drop_all()
        self.abort()
        # In a task beside the caller, who is sending to others too, and without its context.
        contextvars.Context().run(concurrency.spawn, self._close)

    def _close(self) -> None:
        self._socket.close(
            wait=False, abort=True, reason=self._socket.server.reason.TRANSPORT_ERROR
        )

    def _drop_all(self) -> None:
        while True:
            try:
                self._queue.get(False)
            except self._empty:
                return


def send_buffer_of(server: socketio.Server, eio_sid: str) -> SendBuffer | None:
    """Return this client's buffer; None when it is gone, or served by the library's queue."""
    queue = getattr(server.eio.sockets.get(eio_sid), "queue", None)
    return queue if isinstance(queue, SendBuffer) else None


def _cost(packet: Any) -> tuple[int, int]:
    """Return the bytes of an event and of an answer; 0 for what belongs to the connection."""
    if packet is None or packet.packet_type != eio.MESSAGE:
        return 0, 0
    cost = 2 * len(packet.data or "") + _OVERHEAD_BYTES
    return (0, cost) if str(packet.data)[:1] in ("3", "0", "4") else (cost, 0)
