"""eventlet's WebSocket (read in 0.41) with limited messages, native unmasking and a clean close.

The library limits a frame but not the message that fragments make; it unmasks byte by byte in
Python; it reads on without giving way while a client sends without a pause; it speaks a protocol of
2010, without any limit, to clients that name no version; and it closes the file under a greenlet
that still waits for it, which then stays until its timeout.
"""

from __future__ import annotations

import socket
from typing import Any

from engineio.async_drivers.eventlet import WebSocketWSGI
from eventlet.websocket import FailedConnectionError, RFC6455WebSocket

from chatapp.core import concurrency
from chatapp.transport.masking import unmask
from chatapp.transport.websocket_serving import attaching

#: Fragments of one message: at the limit of its size, 64 bytes each.
_MAX_FRAGMENTS = 4096
#: Frames of one client after which other clients are served.
_FRAMES_PER_TURN = 32


class _Message(RFC6455WebSocket.Message):  # type: ignore[misc]
    """One message of one or more frames, whose size and number of fragments are limited."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._bytes = bytearray()  # a list would keep each of many tiny fragments
        self.fragments = 0

    def push(self, data: bytes, final: bool = False) -> None:
        size = len(self._bytes) + len(data)
        if size > self.max_frame_length or self.fragments > _MAX_FRAGMENTS:
            raise FailedConnectionError(1009, f"Send at most {self.max_frame_length} bytes.")
        self.finished = final
        self._bytes += data

    def getvalue(self) -> Any:
        data = bytes(self._bytes)
        return self.decoder.decode(data, self.finished) if self.decoder else data


class _LimitedWebSocket(RFC6455WebSocket):  # type: ignore[misc]
    """One client's WebSocket."""

    Message = _Message
    _apply_mask = staticmethod(unmask)
    _frames = 0

    def _recv_frame(self, message: _Message | None = None) -> _Message:
        self._frames += 1
        if self._frames % _FRAMES_PER_TURN == 0:
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
        """Send a closing frame, if that needn't wait; the task that serves it closes the file."""
        try:
            if not self._sendlock.locked():  # else the client isn't reading anyway
                self._send_closing_frame(ignore_send_errors=True, close_data=close_data)
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # it is closed already


class WebSocket(WebSocketWSGI):  # type: ignore[misc]
    """The class that python-engineio calls for each handshake."""

    def __init__(self, handler: Any, server: Any) -> None:
        super().__init__(attaching(handler, lambda websocket: websocket.socket), server)
        self.support_legacy_versions = False

    def _handle_hybi_request(self, environ: dict[str, Any]) -> _LimitedWebSocket:
        websocket = super()._handle_hybi_request(environ)
        return _LimitedWebSocket(
            websocket.socket,
            environ,
            websocket.version,
            protocol=websocket.protocol,
            max_frame_length=self.max_frame_length,
        )
