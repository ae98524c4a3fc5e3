"""simple-websocket (read in 1.1), for gevent and threads: capped messages, and waiting that ends.

It can limit a message, but python-engineio doesn't ask it to; and a message above the limit can
end the connection between its reader's look at it and the reader's wait, which then has no end.
"""

from __future__ import annotations

import importlib
import socket
from typing import Any, Literal

from chatapp.transport.outbox import attached

#: Seconds between two looks at whether the connection still stands.
_LOOK = 20


def websocket(mode: Literal["gevent", "threads"]) -> Any:
    """What python-engineio calls for each handshake in this mode."""
    driver = "gevent" if mode == "gevent" else "threading"
    plain: Any = importlib.import_module(f"engineio.async_drivers.{driver}")._async["websocket"]

    class WebSocket(plain):  # type: ignore[misc]
        def __init__(self, handler: Any, server: Any) -> None:
            super().__init__(attached(handler, lambda line: line.ws.sock), server)
            self.server_args["max_message_size"] = int(server.max_http_buffer_size)

        def wait(self) -> Any:
            from simple_websocket import ConnectionClosed  # type: ignore[import-untyped]

            try:
                while True:
                    message = self.ws.receive(timeout=_LOOK)
                    if message is not None or not self.ws.connected:
                        return message
            except ConnectionClosed:
                return None

        def close(self) -> None:
            super().close()
            try:  # its reading thread would keep the connection open
                self.ws.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it is gone already

    return WebSocket
