"""A limit on the size of WebSocket frames and of the messages that they add up to.

python-engineio (read in 4.15) limits single frames at most: continuation fragments add up for ever,
before anyone has signed in. Its table of an async mode names the class that speaks WebSocket; the
server gets a table of its own, with a class that counts.
"""

from __future__ import annotations

from typing import Any

import socketio

from chatapp.core import concurrency
from chatapp.transport.versions import is_supported


def limit_frames(server: socketio.Server) -> None:
    """Close connections that send a frame or message above ``max_http_buffer_size``."""
    if not is_supported("python-engineio", "4.15"):
        return
    websocket = _websocket_class()
    if websocket is not None:
        server.eio._async = {**server.eio._async, "websocket": websocket}


def _websocket_class() -> Any:
    match concurrency.mode():
        case "eventlet":
            if not is_supported("eventlet", "0.41"):
                return None
            from chatapp.transport.eventlet_frames import WebSocket

            return WebSocket
        case mode:
            if not (is_supported("simple-websocket", "1.1") and is_supported("wsproto", "1.3")):
                return None
            from chatapp.transport.simple_frames import websocket_class

            return websocket_class(mode)
