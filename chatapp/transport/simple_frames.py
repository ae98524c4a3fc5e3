"""simple-websocket (read in 1.1, on wsproto 1.3), for gevent and threads: bounds, and a real end.

It can limit a message, but python-engineio doesn't ask it to. It takes fragments without end as
long as they are empty; it reads ahead without a bound of whoever sends faster than is worked, and
without a turn for anyone else; it sends with a call that may send a part only. And a message above
the limit can end the connection between its reader's look at it and the reader's wait, which then
has no end.
"""

from __future__ import annotations

import importlib
import socket
import threading
from typing import Any, Literal

import simple_websocket  # type: ignore[import-untyped]
from wsproto.extensions import Extension
from wsproto.frame_protocol import CloseReason, Opcode, RsvBits
from wsproto.utilities import RemoteProtocolError

from chatapp.core import concurrency
from chatapp.transport.send_buffer import attached

#: Seconds between two looks at whether the connection still stands.
_LOOK = 20
#: Seconds for the last frame to leave.
_GOODBYE = 1
#: Fragments of one message: at the limit of its size, 64 bytes each.
_MOST_FRAGMENTS = 4096
#: Frames of one client after which it is the others' turn.
_TURN = 32
#: Messages of one client that wait to be worked on.
_MOST_AHEAD = 64


class _Bounds(Extension):
    """Looks at every frame's header before its data is read."""

    name = "bounds"

    def __init__(self, most: int) -> None:
        self._most = most
        self._bytes = self._fragments = self._frames = 0

    def offer(self) -> bool:
        """Nobody is to know of it."""
        return False

    def frame_inbound_header(
        self, proto: Any, opcode: Opcode, rsv: RsvBits, payload_length: int
    ) -> CloseReason | RsvBits:
        """Refuse the message if this frame makes it too large."""
        self._frames += 1
        if self._frames % _TURN == 0:
            concurrency.wait(0)
        if not opcode.iscontrol():
            if opcode is not Opcode.CONTINUATION:
                self._bytes = self._fragments = 0
            self._bytes += payload_length
            self._fragments += 1
            if self._bytes > self._most or self._fragments > _MOST_FRAGMENTS:
                return CloseReason.MESSAGE_TOO_BIG
        return RsvBits(False, False, False)


class _Whole:
    """A socket that sends all or fails, one after the other."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._sending = threading.Lock()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def send(self, data: bytes) -> None:
        with self._sending:
            self._connection.sendall(data)

    @property
    def is_stuck(self) -> bool:
        """Whether somebody waits for the client to read."""
        return self._sending.locked()


class _Line(simple_websocket.Server):  # type: ignore[misc]
    """One WebSocket."""

    def handshake(self) -> None:
        """Answer the request; from here on every frame is looked at."""
        self.sock: Any = _Whole(self.sock)
        super().handshake()
        decoder = self.ws.handshake.connection._proto._frame_decoder
        decoder.extensions.append(_Bounds(self.max_message_size))

    def _handle_events(self) -> bool:
        while self.connected and self._reads_ahead():
            concurrency.wait(0.01)
        goes_on: bool = super()._handle_events()
        return goes_on

    def _reads_ahead(self) -> bool:
        waiting = tuple(self.input_buffer)
        return len(waiting) > _MOST_AHEAD or sum(map(len, waiting)) > self.max_message_size


def websocket(mode: Literal["gevent", "threads"]) -> Any:
    """What python-engineio calls for each handshake in this mode."""
    driver = "gevent" if mode == "gevent" else "threading"
    plain: Any = importlib.import_module(f"engineio.async_drivers.{driver}")._async["websocket"]

    class WebSocket(plain):  # type: ignore[misc]
        def __init__(self, handler: Any, server: Any) -> None:
            super().__init__(attached(handler, lambda line: line.ws.sock), server)
            self.server_args["max_message_size"] = int(server.max_http_buffer_size)

        def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
            try:
                self.ws = _Line(environ, **self.server_args)
            except RemoteProtocolError:  # a handshake of 2010, or none at all
                start_response("400 Bad Request", [("Content-Length", "0")])
                return []
            answer = self.app(self)
            if self.ws.mode == "gunicorn":
                raise StopIteration  # there is no answer to write
            return answer

        def wait(self) -> Any:
            try:
                while True:
                    message = self.ws.receive(timeout=_LOOK)
                    if message is not None or not self.ws.connected:
                        return message
            except simple_websocket.ConnectionClosed:
                return None

        def close(self) -> None:
            """Say goodbye where that needn't wait, and wake up the thread that reads."""
            try:
                if not self.ws.connected:  # its reader wakes others before it has said goodbye
                    self.ws.thread.join(_GOODBYE)
                elif not self.ws.sock.is_stuck:
                    super().close()
                self.ws.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it is gone already

    return WebSocket
