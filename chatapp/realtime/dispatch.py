"""From an event's name and payload to a use case, and its answer back as acknowledgement."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from flask import Flask

from chatapp.core import concurrency
from chatapp.core.errors import BadRequest, Unauthenticated, tell
from chatapp.core.events import caused_by, held
from chatapp.core.logs import request_id
from chatapp.extensions import socketio
from chatapp.realtime.dialect import COLON, Dialect, begin, by_first_event, changing, end, note_use
from chatapp.realtime.rooms import translated
from chatapp.security import rate_limits, verified_email
from chatapp.security.identity import Identity

Reply = Callable[[Any], None]


@dataclass(frozen=True, slots=True)
class Connection:
    """One open socket, and who it is."""

    sid: str
    identity: Identity
    dialect: Dialect = COLON
    #: Nothing that comes changes the dialect any more.
    settled: bool = True

    @property
    def user_id(self) -> str:
        """The person on the other end."""
        return self.identity.user_id


#: Every event that colon's clients may send, and how to let a function answer one.
handlers = COLON.handlers
on_event = COLON.on_event
#: Every connection of this process, by its Socket.IO id.
connections: dict[str, Connection] = {}


def dispatch(
    app: Flask, sid: str, name: object, args: tuple[Any, ...], reply: Reply | None
) -> None:
    """Answer one event of one connection.

    The acknowledgement goes out before the events that the use case announces. A client that
    asked for none is told of a failure by its dialect's event for that, `error` in colon.
    """
    token = request_id.set(uuid4().hex)
    try:
        speaks = _dialect(sid, name, args)
        with app.app_context(), caused_by(sid), held():
            try:
                answer = speaks.answer(_handle(speaks, sid, name, args))
            except Exception as exc:
                error = tell(exc)
                answer = speaks.failed(error)
                if reply is None:
                    event, payload = speaks.refusal(error)
                    socketio.server.emit(event, payload, to=sid)
            if reply is not None:
                reply(answer)
        concurrency.wait(0)  # a client that sends without a pause doesn't hold up the others
    finally:
        request_id.reset(token)


def _dialect(sid: str, name: object, args: tuple[Any, ...]) -> Dialect:
    """What this connection speaks; its first event settles that."""
    connection = connections.get(sid)
    if connection is None:
        return COLON
    if not connection.settled:
        connection = replace(connection, settled=True)
        connections[sid] = connection
        dialect = by_first_event(name, args)
        if dialect is not connection.dialect:
            connection = speak(connection, dialect)
    return connection.dialect


def speak(connection: Connection, dialect: Dialect) -> Connection:
    """The connection hears this dialect's events from now on, and no others'."""
    changed = replace(connection, dialect=dialect)
    server = socketio.server
    with changing:
        for room in list(server.rooms(connection.sid)):
            if (other := translated(room, connection.dialect.name, dialect.name)) is not None:
                server.leave_room(connection.sid, room)
                server.enter_room(connection.sid, other)
        end(connection.dialect)
        begin(dialect)
        connections[connection.sid] = changed
    note_use(dialect.name, changed.user_id)
    return changed


def _handle(speaks: Dialect, sid: str, name: object, args: tuple[Any, ...]) -> dict[str, Any]:
    connection = connections.get(sid)
    if connection is None:
        raise Unauthenticated()
    name, args = speaks.unwrap(name, args)
    handler = speaks.handlers.get(name) if isinstance(name, str) else None
    if handler is None or not handler.sends:  # a message counts where it is known to be new
        rate_limits.check_event(connection.user_id)
    if handler is None:
        raise BadRequest(f"There is no event {str(name)[:60]!r}.")
    if not handler.reads:
        verified_email.check_writer(connection.user_id)
    answer: dict[str, Any] = handler.call(connection, handler.read(handler.model, args))
    return answer
