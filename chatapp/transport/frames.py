"""No frame and no assembled message is larger than the limit, whoever sends it.

python-engineio (read in 4.15) limits single frames at most: continuation fragments add up for
ever, before anyone has signed in. Its table of an async mode names the class that speaks
WebSocket; the server gets a table of its own, with one that counts.
"""

from __future__ import annotations

from typing import Any

import socketio

from chatapp.core import concurrency
from chatapp.transport.versions import known


def cap_frames(server: socketio.Server) -> None:
    """Close whoever sends a frame or a message above the server's ``max_http_buffer_size``."""
    if not known("python-engineio", "4.15"):
        return
    websocket = _websocket()
    if websocket is not None:
        server.eio._async = {**server.eio._async, "websocket": websocket}


def _websocket() -> Any:
    match concurrency.mode():
        case "eventlet":
            if not known("eventlet", "0.41"):
                return None
            from chatapp.transport.eventlet_frames import WebSocket

            return WebSocket
        case mode:
            if not (known("simple-websocket", "1.1") and known("wsproto", "1.3")):
                return None
            from chatapp.transport.simple_frames import websocket

            return websocket(mode)
