"""From an event's name and payload to a use case, and its answer back as acknowledgement."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import uuid4

from flask import Flask
from pydantic import BaseModel

from chatapp import concurrency, limits, verified
from chatapp.announce import held
from chatapp.error_pages import error_ack, error_json, tell
from chatapp.errors import BadRequest, Unauthenticated
from chatapp.extensions import socketio
from chatapp.identity import Identity
from chatapp.logs import request_id
from chatapp.validation import read_event

M = TypeVar("M", bound=BaseModel)
Reply = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Connection:
    """One open socket, and who it is."""

    sid: str
    identity: Identity

    @property
    def user_id(self) -> str:
        """The person on the other end."""
        return self.identity.user_id


@dataclass(frozen=True, slots=True)
class _Handler:
    model: type[BaseModel]
    call: Callable[[Connection, Any], dict[str, Any]]
    reads: bool


#: Every event a client may send.
handlers: dict[str, _Handler] = {}
#: Every connection of this process, by its Socket.IO id.
connections: dict[str, Connection] = {}


def on_event(
    name: str, model: type[M], *, reads: bool = False
) -> Callable[
    [Callable[[Connection, M], dict[str, Any]]], Callable[[Connection, M], dict[str, Any]]
]:
    """Let this function answer ``name``: its return value goes beside ``ok`` in the answer.

    ``reads``: it is open to who may read only.
    """

    def register(
        function: Callable[[Connection, M], dict[str, Any]],
    ) -> Callable[[Connection, M], dict[str, Any]]:
        handlers[name] = _Handler(model, function, reads)
        return function

    return register


def dispatch(
    app: Flask, sid: str, name: object, args: tuple[Any, ...], reply: Reply | None
) -> None:
    """Answer one event of one connection.

    The acknowledgement goes out before the events that the use case announces. A client that
    asked for none is told of a failure by the event `error`.
    """
    token = request_id.set(uuid4().hex)
    try:
        with app.app_context(), held():
            try:
                answer = {"ok": True, **_handle(sid, name, args)}
            except Exception as exc:
                error = tell(exc)
                answer = error_ack(error)
                if reply is None:
                    socketio.server.emit("error", error_json(error), to=sid)
            if reply is not None:
                reply(answer)
        concurrency.wait(0)  # a client that sends without a pause doesn't hold up the others
    finally:
        request_id.reset(token)


def _handle(sid: str, name: object, args: tuple[Any, ...]) -> dict[str, Any]:
    connection = connections.get(sid)
    if connection is None:
        raise Unauthenticated()
    if name != "message:send":  # a message counts where it is known to be new
        limits.check_event(connection.user_id)
    handler = handlers.get(name) if isinstance(name, str) else None
    if handler is None:
        raise BadRequest(f"There is no event {str(name)[:60]!r}.")
    if not handler.reads:
        verified.check_writer(connection.user_id)
    return handler.call(connection, read_event(handler.model, args))
