"""Binds Socket.IO to an app."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask

from chatapp.core import concurrency, events
from chatapp.extensions import socketio
from chatapp.realtime import connection, dispatch, presence, revalidation  # noqa: F401  (hooks)
from chatapp.realtime.broadcast import broadcast
from chatapp.realtime.sequence import Sequencer
from chatapp.security import rate_limits
from chatapp.transport import polling
from chatapp.transport.admission import MOST_WAITING, Gate
from chatapp.transport.events import route_events
from chatapp.transport.frames import cap_frames
from chatapp.web.cors import CookieGuard, origin_allowed
from config import Settings

#: Bytes of a frame or a polling request: the longest legal message, escaped, with room to spare.
FRAME_LIMIT = 256 * 1024

_subscriptions: list[Callable[[], None]] = []


def init_app(app: Flask, settings: Settings) -> None:
    """Serve Socket.IO beside the app, and broadcast what services announce."""

    def allowed(origin: str | None, environ: dict[str, Any]) -> bool:
        return origin_allowed(settings, origin, environ)

    polling.relax()
    mode = concurrency.mode()
    socketio.init_app(
        app,
        async_mode="threading" if mode == "threads" else mode,
        async_handlers=False,  # one client's events in the order it sent them
        manage_session=False,
        cors_allowed_origins=allowed,
        max_http_buffer_size=FRAME_LIMIT,
    )
    app.wsgi_app = CookieGuard(app.wsgi_app, settings)  # type: ignore[method-assign]

    server = socketio.server
    cap_frames(server)
    gate = Gate(app.wsgi_app, server, most_waiting=MOST_WAITING if settings.rate_limits else None)
    app.wsgi_app = gate  # type: ignore[method-assign]
    rate_limits.init_app(app, settings)

    def on_connect(sid: str, environ: dict[str, Any], auth: object = None) -> bool:
        connection.connect(app, sid, environ, auth)
        stays = gate.admit(sid)
        if not stays:  # nobody else will tell that it has gone
            connection.disconnect(app, sid)
        return stays

    def on_disconnect(sid: str, _reason: str) -> None:
        try:
            connection.disconnect(app, sid)
        finally:
            gate.dismiss(sid)

    server.on("connect", on_connect)
    server.on("disconnect", on_disconnect)
    route_events(
        server, lambda sid, name, args, reply: dispatch.dispatch(app, sid, name, args, reply)
    )

    sequencer = Sequencer(lambda announcement: broadcast(app, announcement))
    while _subscriptions:  # there is one Socket.IO server in a process, the last app's
        _subscriptions.pop()()
    _subscriptions.append(
        events.subscribe(sequencer.deliver, reserve=sequencer.reserve, cancel=sequencer.cancel)
    )
