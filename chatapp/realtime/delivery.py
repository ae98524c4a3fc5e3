"""One event to those whom it concerns, to each in the dialect that their connection speaks.

Each dialect's form is made once for all its receivers; those that nobody speaks cost nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from typing import Any

from flask import Flask

from chatapp.extensions import socketio
from chatapp.realtime.dialect import Dialect, spoken
from chatapp.realtime.rooms import conversation_room, inbox_room

log = logging.getLogger(__name__)


def to_members(
    app: Flask,
    event: str,
    payload: dict[str, Any],
    conversation_id: int,
    *,
    skip: Collection[str] = (),
    origin: str | None = None,
) -> None:
    """Every connection in the conversation's rooms hears it, but those in ``skip``.

    Nor does ``origin``, whose event caused it, in dialects that don't echo.
    """
    room = conversation_room(conversation_id)
    socketio.server.emit(event, payload, to=room, skip_sid=list(skip))
    for dialect in spoken():
        if (heard := _heard(app, dialect, event, payload)) is not None:
            room = conversation_room(conversation_id, dialect.name)
            left_out = [*skip] if dialect.echoes or origin is None else [*skip, origin]
            socketio.server.emit(*heard, to=room, skip_sid=left_out)


def to_person(app: Flask, event: str, payload: dict[str, Any], user_id: str) -> None:
    """Every connection of this person hears it."""
    socketio.server.emit(event, payload, to=inbox_room(user_id))
    for dialect in spoken():
        if (heard := _heard(app, dialect, event, payload)) is not None:
            socketio.server.emit(*heard, to=inbox_room(user_id, dialect.name))


def _heard(
    app: Flask, dialect: Dialect, event: str, payload: dict[str, Any]
) -> tuple[str, Any] | None:
    """What the dialect calls it; None where it has no word for it."""
    hears = dialect.hears.get(event)
    if hears is None:
        return None
    try:
        with app.app_context():
            return hears(payload)
    except Exception:  # the others are told all the same
        log.exception("%s can't be told in the dialect %s", event, dialect.name)
        return None
