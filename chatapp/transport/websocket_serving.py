"""python-engineio's serving of a WebSocket (read in 4.15), ended well whatever the client sends.

The library lets a frame that is no packet at all escape: the HTTP server then answers with 500 in
the middle of the WebSocket, and the connection stays counted until its timeout. And it stops
polling's answers when the WebSocket is open, not when it has shown that it works: where a proxy
swallows its frames, the client polls in vain as fast as it can.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

from chatapp.core import concurrency
from chatapp.transport.send_buffer import SendBuffer

#: Seconds in which a WebSocket must show that it works.
PROBE_SECONDS = 10


def attaching(
    handler: Callable[[Any], Any], connection: Callable[[Any], socket.socket]
) -> Callable[[Any], Any]:
    """Wrap an Engine.IO socket's WebSocket ``handler``: its buffer knows the TCP connection."""
    engine_socket = getattr(handler, "__self__", None)
    queue = getattr(engine_socket, "queue", None)
    if not isinstance(queue, SendBuffer):
        return handler

    def serve(websocket: Any) -> Any:
        with queue.attach(connection(websocket)):
            return _serve(handler, engine_socket, websocket)

    return serve


def _serve(handler: Callable[[Any], Any], engine_socket: Any, websocket: Any) -> Any:
    """Call the library's ``handler`` for this WebSocket, and clear up behind it."""
    try:
        if engine_socket.connected and not _await_probe(websocket):
            return []
        return handler(websocket)
    except (ValueError, TypeError, IndexError) as exc:
        engine_socket.incoming.end(f"no packet: {type(exc).__name__}")
        return []


def _await_probe(websocket: Any) -> bool:
    """Wait for the first frame of an upgrade, and let the handler receive it again."""
    receive = websocket.wait
    try:
        with concurrency.time_limit(PROBE_SECONDS):
            first = receive()
    except TimeoutError:
        first = None
    if first is None:
        websocket.close()
        return False
    waiting = [first]
    websocket.wait = lambda: waiting.pop() if waiting else receive()
    return True
