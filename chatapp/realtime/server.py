"""The app's Socket.IO server, and the handlers of its connections."""

from __future__ import annotations

from typing import Any

import socketio
from flask import Flask
from flask_socketio import SocketIO

from chatapp.core import concurrency
from chatapp.realtime.dispatch import Dispatcher
from chatapp.realtime.lifecycle import Lifecycle
from chatapp.transport import polling
from chatapp.transport.admission import Admission
from chatapp.transport.events import route_events
from chatapp.transport.frames import limit_frames
from chatapp.transport.packets import Packet
from chatapp.web.trusted_origins import origin_allowed
from config import Settings

#: Bytes of a frame or a polling request: the longest legal message, escaped, with room to spare.
FRAME_LIMIT = 256 * 1024


def make_server(app: Flask, settings: Settings) -> socketio.Server:
    """Serve Socket.IO beside the app's other addresses, through a server of its own."""

    def allowed(origin: str | None, environ: dict[str, Any]) -> bool:
        return origin_allowed(settings, origin, environ)

    polling.relax()
    mode = concurrency.mode()
    extension = SocketIO(
        app,
        async_mode="threading" if mode == "threads" else mode,
        async_handlers=False,  # one client's events in the order it sent them
        manage_session=False,
        cors_allowed_origins=allowed,
        max_http_buffer_size=FRAME_LIMIT,
        serializer=Packet,
    )
    limit_frames(extension.server)
    return extension.server


def answer_connections(
    server: socketio.Server, admission: Admission, lifecycle: Lifecycle, dispatcher: Dispatcher
) -> None:
    """Answer connections and their events."""

    def on_connect(sid: str, environ: dict[str, Any], auth: object = None) -> bool:
        lifecycle.connect(sid, environ, auth)
        stays = admission.admit(sid)
        if not stays:  # nobody else will tell that it has gone
            lifecycle.disconnect(sid)
        return stays

    def on_disconnect(sid: str, _reason: str) -> None:
        try:
            lifecycle.disconnect(sid)
        finally:
            admission.dismiss(sid)

    server.on("connect", on_connect)
    server.on("disconnect", on_disconnect)
    route_events(server, dispatcher.dispatch)
