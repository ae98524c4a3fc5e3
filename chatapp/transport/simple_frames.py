"""simple-websocket (read in 1.1, on wsproto 1.3) for gevent and threads, with limits.

The library can limit a message, but python-engineio doesn't ask it to. It takes any number of
fragments as long as they are empty; it reads ahead without a bound when a client sends faster than
its messages are handled, and without giving way; it sends with a call that may send a part only.
And a message above the limit can end the connection between the moment its reader checks it and the
moment the reader waits, which then never ends.
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
from chatapp.transport.websocket_serving import attaching

#: Seconds between two checks that the connection is still open.
_CHECK_SECONDS = 20
#: Seconds for the last frame to leave.
_CLOSE_SECONDS = 1
#: Fragments of one message: at the limit of its size, 64 bytes each.
_MAX_FRAGMENTS = 4096
#: Frames of one client after which other clients are served.
_FRAMES_PER_TURN = 32
#: Messages of one client that may wait to be handled.
_MAX_READ_AHEAD = 64


class _Limits(Extension):
    """A wsproto extension that checks every frame's header before its data is read."""

    name = "limits"

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._bytes = self._fragments = self._frames = 0

    def offer(self) -> bool:
        """Return False: it is not negotiated with the client."""
        return False

    def frame_inbound_header(
        self, proto: Any, opcode: Opcode, rsv: RsvBits, payload_length: int
    ) -> CloseReason | RsvBits:
        """Refuse the message if this frame makes it too large."""
        self._frames += 1
        if self._frames % _FRAMES_PER_TURN == 0:
            concurrency.wait(0)
        if not opcode.iscontrol():
            if opcode is not Opcode.CONTINUATION:
                self._bytes = self._fragments = 0
            self._bytes += payload_length
            self._fragments += 1
            if self._bytes > self._max_bytes or self._fragments > _MAX_FRAGMENTS:
                return CloseReason.MESSAGE_TOO_BIG
        return RsvBits(False, False, False)


class _WholeSender:
    """A socket whose send() sends everything or fails, one call after the other."""

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
        """Whether a sender waits for the client to read."""
        return self._sending.locked()


class _LimitedWebSocket(simple_websocket.Server):  # type: ignore[misc]
    """One client's WebSocket."""

    def handshake(self) -> None:
        """Answer the request; from here on every frame is checked."""
        self.sock: Any = _WholeSender(self.sock)
        super().handshake()
        decoder = self.ws.handshake.connection._proto._frame_decoder
        decoder.extensions.append(_Limits(self.max_message_size))

    def _handle_events(self) -> bool:
        while self.connected and self._is_far_ahead():
            concurrency.wait(0.01)
        keep_going: bool = super()._handle_events()
        return keep_going

    def _is_far_ahead(self) -> bool:
        waiting = tuple(self.input_buffer)
        return len(waiting) > _MAX_READ_AHEAD or sum(map(len, waiting)) > self.max_message_size


def websocket_class(mode: Literal["gevent", "threads"]) -> Any:
    """Return the class that python-engineio calls for each handshake in this mode."""
    driver = "gevent" if mode == "gevent" else "threading"
    plain: Any = importlib.import_module(f"engineio.async_drivers.{driver}")._async["websocket"]

    class WebSocket(plain):  # type: ignore[misc]
        def __init__(self, handler: Any, server: Any) -> None:
            super().__init__(attaching(handler, lambda websocket: websocket.ws.sock), server)
            self.server_args["max_message_size"] = int(server.max_http_buffer_size)

        def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
            try:
                self.ws = _LimitedWebSocket(environ, **self.server_args)
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
                    message = self.ws.receive(timeout=_CHECK_SECONDS)
                    if message is not None or not self.ws.connected:
                        return message
            except simple_websocket.ConnectionClosed:
                return None

        def close(self) -> None:
            """Send a closing frame, if that needn't wait, and wake up the thread that reads."""
            try:
                if not self.ws.connected:  # its reader wakes others before it sends the frame
                    self.ws.thread.join(_CLOSE_SECONDS)
                elif not self.ws.sock.is_stuck:
                    super().close()
                self.ws.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it is closed already

    return WebSocket
