"""What waits for one client, with a bound, so that a client that doesn't read costs little.

python-engineio (read in 4.15) keeps a queue for each client, which one writer (the poller, or the
task of a WebSocket) empties, and which grows for ever when nobody reads. An `Outbox` takes its
place: the packets still leave through the library's one writer.

- Typing and presence are left out as soon as `SPARING` waits: they are of the moment.
- A client for which more than `MOST` waits is cut. It comes back and resumes by version.
- Answers to the client's own calls don't count there, since one alone can be large. Instead what
  it sends next isn't looked at before its answers have left, down to `MOST`.
"""

from __future__ import annotations

import contextvars
import logging
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import socketio
from engineio import packet as eio

from chatapp.core import concurrency

log = logging.getLogger(__name__)

#: Bytes that may wait for a client; what they cost in memory, not what the wire will carry.
MOST = 1024 * 1024
#: Bytes from which on typing and presence are left out.
SPARING = MOST // 8
#: Bytes that the writer takes at once; it holds them until the last one has left.
_BATCH = 64 * 1024
#: Packets that the writer takes at once: python-engineio's client hangs up on a polling answer of
#: more.
_BATCH_PACKETS = 16
#: Bytes that the operating system may keep for a client beside them.
_KERNEL = 256 * 1024
#: A packet beside its text, which is there twice: as it came and as it goes.
_OVERHEAD = 256

_PASSING = tuple(
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


class Outbox:
    """The packets of one client, in the place of its Engine.IO socket's queue."""

    def __init__(self, engine_socket: Any) -> None:
        self._socket = engine_socket
        self._queue = engine_socket.queue
        self._empty: type[Exception] = engine_socket.server.get_queue_empty_exception()
        self._lock = concurrency.lock()
        self._events = self._answers = 0
        self._taken_events = self._taken_answers = self._taken_packets = 0
        self._lines: list[socket.socket] = []
        self.cut = False

    def put(self, packet: Any) -> None:
        """Let it wait for the writer; None is the end. Nothing waits for a client that is cut."""
        events, answers = _cost(packet)
        if not events and not answers:
            self._queue.put(packet)
            return
        if events and self._events > SPARING and packet.data.startswith(_PASSING):
            return
        if self._events + events > MOST:
            self._let_write(events)
        with self._lock:
            if self.cut:
                return
            self._events += events
            self._answers += answers
            self.cut = events > 0 and self._events > max(MOST, events)
        if self.cut:
            self._cut()
        else:
            self._queue.put(packet)

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        """The next packet; what was taken before it has left, when the writer waits again."""
        with self._lock:
            if block:
                self._events -= self._taken_events
                self._answers -= self._taken_answers
                self._taken_events = self._taken_answers = self._taken_packets = 0
            elif (
                self._taken_events + self._taken_answers >= _BATCH
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
        """Nobody waits for that, see `join`."""

    def join(self) -> None:
        """Doesn't wait: a client that never fetches what is left would keep the caller for ever."""

    @property
    def attached(self) -> bool:
        """Whether a WebSocket of the client's is still being served."""
        return bool(self._lines)

    def wait_for_answers(self) -> None:
        """Return when the client has taken its answers, but for `MOST`, or is gone."""
        while self._answers > MOST and not self.cut and not self._socket.closed:
            concurrency.wait(0.05)

    @contextmanager
    def line(self, connection: socket.socket) -> Iterator[None]:
        """Meanwhile this is a connection of the client's."""
        try:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _KERNEL)
        except OSError:
            pass  # it is gone already
        self._lines.append(connection)
        try:
            yield
        finally:
            self._lines.remove(connection)

    def hang_up(self) -> None:
        """End its connections now: whoever reads from them or writes to them wakes up."""
        for connection in tuple(self._lines):
            try:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT)
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it is gone already

    def _let_write(self, events: int) -> None:
        """Perhaps the writer only had no turn yet: so many events in one go."""
        for _ in range(3):
            if not self.cut and self._events + events > MOST:
                concurrency.wait(0)

    def _cut(self) -> None:
        log.info("cut a client that doesn't read")
        self._drop_all()
        self.hang_up()
        # Beside the caller, who is telling others too, and with nothing of the caller's context.
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


def outbox_of(server: socketio.Server, eio_sid: str) -> Outbox | None:
    """What waits for this client; None when it is gone, or left to the library."""
    queue = getattr(server.eio.sockets.get(eio_sid), "queue", None)
    return queue if isinstance(queue, Outbox) else None


def attached(
    handler: Callable[[Any], Any], connection: Callable[[Any], socket.socket]
) -> Callable[[Any], Any]:
    """An Engine.IO socket's ``handler`` of a WebSocket, whose connection its outbox knows."""
    queue = getattr(getattr(handler, "__self__", None), "queue", None)
    if not isinstance(queue, Outbox):
        return handler

    def serve(websocket: Any) -> Any:
        with queue.line(connection(websocket)):
            return handler(websocket)

    return serve


def _cost(packet: Any) -> tuple[int, int]:
    """Of an event and of an answer; neither of what belongs to the connection itself."""
    if packet is None or packet.packet_type != eio.MESSAGE:
        return 0, 0
    cost = 2 * len(packet.data or "") + _OVERHEAD
    return (0, cost) if str(packet.data)[:1] in ("3", "0", "4") else (cost, 0)
