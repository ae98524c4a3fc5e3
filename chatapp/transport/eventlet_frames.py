"""eventlet's WebSocket (read in 0.41): capped messages, native unmasking, an end that ends.

It limits a frame but not the message that fragments make; it unmasks byte by byte in Python; it
reads on without a turn for anyone else while a client sends without a pause; it speaks a protocol
of 2010, without any limit, to whoever names no version; and it closes the file under a greenlet
that still waits for it, which then stays until its timeout.
"""

from __future__ import annotations

import socket
from typing import Any

from engineio.async_drivers.eventlet import WebSocketWSGI
from eventlet.websocket import FailedConnectionError, RFC6455WebSocket

from chatapp.core import concurrency
from chatapp.transport.masking import unmask
from chatapp.transport.send_buffer import attached

#: Fragments of one message: at the limit of its size, 64 bytes each.
_MOST_FRAGMENTS = 4096
#: Frames of one client after which it is the others' turn.
_TURN = 32


class _Message(RFC6455WebSocket.Message):  # type: ignore[misc]
    """One message, of however many frames, that refuses to outgrow the limit."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._bytes = bytearray()  # a list would keep each of many tiny fragments
        self.fragments = 0

    def push(self, data: bytes, final: bool = False) -> None:
        size = len(self._bytes) + len(data)
        if size > self.max_frame_length or self.fragments > _MOST_FRAGMENTS:
            raise FailedConnectionError(1009, f"Send at most {self.max_frame_length} bytes.")
        self.finished = final
        self._bytes += data

    def getvalue(self) -> Any:
        data = bytes(self._bytes)
        return self.decoder.decode(data, self.finished) if self.decoder else data


class _Line(RFC6455WebSocket):  # type: ignore[misc]
    """One WebSocket."""

    Message = _Message
    _apply_mask = staticmethod(unmask)
    _frames = 0

    def _recv_frame(self, message: _Message | None = None) -> _Message:
        self._frames += 1
        if self._frames % _TURN == 0:
            concurrency.wait(0)
        if message is not None:
            message.fragments += 1
        received: _Message = super()._recv_frame(message)
        return received

    def _send(self, frame: bytes) -> None:
        try:
            super()._send(frame)
        except OSError:
            self.websocket_closed = True  # perhaps in the middle of a frame: nothing may follow
            raise

    def close(self, close_data: tuple[int, str] | None = None) -> None:
        """Say goodbye where that needn't wait; whoever serves the connection closes the file."""
        try:
            if not self._sendlock.locked():  # else the client isn't reading anyway
                self._send_closing_frame(ignore_send_errors=True, close_data=close_data)
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # it is gone already


class WebSocket(WebSocketWSGI):  # type: ignore[misc]
    """What python-engineio calls for each handshake."""

    def __init__(self, handler: Any, server: Any) -> None:
        super().__init__(attached(handler, lambda line: line.socket), server)
        self.support_legacy_versions = False

    def _handle_hybi_request(self, environ: dict[str, Any]) -> _Line:
        line = super()._handle_hybi_request(environ)
        return _Line(
            line.socket,
            environ,
            line.version,
            protocol=line.protocol,
            max_frame_length=self.max_frame_length,
        )
