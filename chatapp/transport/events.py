"""One function for every event of every client, which also sends its acknowledgement.

python-socketio (read in 5.18) acknowledges with a handler's return value, after the handler has
ended, and doesn't say whether the client asked for an acknowledgement. A sender must get the
acknowledgement before the event, and a failure that no acknowledgement reports is sent as an event:
both need the packet's id. Overriding the one method that calls handlers gives it; reserved names
like `connect` that are sent as an event arrive here as well, and not in the library's own handlers.
With any other version a catch-all handler does what it can: the acknowledgement comes after the
event.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import socketio
from socketio import packet

from chatapp.transport.versions import is_supported

Reply = Callable[[dict[str, Any]], None]
Handle = Callable[[str, object, tuple[Any, ...], Reply | None], None]


def route_events(server: socketio.Server, handle: Handle) -> None:
    """Let ``handle(sid, name, args, reply)`` answer all events.

    ``reply`` is None where the client asked for no acknowledgement.
    """
    if not is_supported("python-socketio", "5.18"):
        _catch_all(server, handle)
        return

    def handle_event(
        _: socketio.Server, sid: str, eio_sid: str, data: list[Any], namespace: str, id_: int | None
    ) -> None:
        def reply(answer: dict[str, Any]) -> None:
            server._send_packet(
                eio_sid,
                server.packet_class(packet.ACK, namespace=namespace, id=id_, data=[answer]),
            )

        handle(sid, data[0], tuple(data[1:]), reply if id_ is not None else None)

    server._handle_event_internal = handle_event


def _catch_all(server: socketio.Server, handle: Handle) -> None:
    def handle_event(name: str, sid: str, *args: Any) -> Any:
        answers: list[dict[str, Any]] = []
        handle(sid, name, args, answers.append)
        return answers[0] if answers else None

    server.on("*", handle_event)
