"""Dispatch of clients' events to their handlers, and of the answers back as acknowledgements."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import socketio
from flask import Flask

from chatapp.core import concurrency
from chatapp.core.errors import BadRequest, Unauthenticated, describe_and_log
from chatapp.core.event_bus import EventBus
from chatapp.core.events import caused_by
from chatapp.core.logs import request_id
from chatapp.realtime.connections import Connection, Connections
from chatapp.realtime.dialect import COLON
from chatapp.realtime.speakers import Speakers
from chatapp.security import rate_limits, verified_email

Reply = Callable[[Any], None]


class Dispatcher:
    """Answers the events of all connections."""

    def __init__(
        self,
        app: Flask,
        server: socketio.Server,
        bus: EventBus,
        connections: Connections,
        speakers: Speakers,
    ) -> None:
        self._app = app
        self._server = server
        self._bus = bus
        self._connections = connections
        self._speakers = speakers

    def dispatch(self, sid: str, name: object, args: tuple[Any, ...], reply: Reply | None) -> None:
        """Answer one event of one connection.

        The acknowledgement goes out before the events that the use case announces. A client that
        asked for none is told of a failure by its dialect's event for that, `error` in colon.
        """
        token = request_id.set(uuid4().hex)
        try:
            connection = self._connections.get(sid)
            if connection is not None:
                connection = self._speakers.settle(connection, name, args)
            dialect = connection.dialect if connection else COLON
            with self._app.app_context(), caused_by(sid), self._bus.deferred():
                try:
                    answer = dialect.answer(_handle(connection, name, args))
                except Exception as exc:
                    # Without its traceback: this frame, and the packet in it, would be kept alive
                    # by an error that it holds itself, until the next collection.
                    error = describe_and_log(exc).with_traceback(None)
                    answer = dialect.failed(error)
                    if reply is None:
                        event, payload = dialect.refusal(error)
                        self._server.emit(event, payload, to=sid)
                if reply is not None:
                    reply(answer)
            concurrency.wait(0)  # a client that sends without a pause doesn't hold up the others
        finally:
            request_id.reset(token)


def _handle(connection: Connection | None, name: object, args: tuple[Any, ...]) -> dict[str, Any]:
    if connection is None:
        raise Unauthenticated()
    name, args = connection.dialect.unwrap(name, args)
    handler = connection.dialect.handlers.get(name) if isinstance(name, str) else None
    if handler is None or not handler.sends:  # a message counts where it is known to be new
        rate_limits.check_event(connection.user_id)
    if handler is None:
        raise BadRequest(f"There is no event {str(name)[:60]!r}.")
    if not handler.reads:
        verified_email.check_writer(connection.user_id)
    answer: dict[str, Any] = handler.call(connection, handler.read(handler.model, args))
    return answer
