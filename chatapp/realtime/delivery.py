"""One event to those whom it concerns, to each in the dialect that their connection speaks.

Each dialect's form is made once for all its receivers; those that nobody speaks cost nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from typing import Any

from flask import Flask

from chatapp.extensions import socketio
from chatapp.realtime.dialect import COLON, Dialect, changing, spoken
from chatapp.realtime.membership import sids_in
from chatapp.realtime.rooms import conversation_room, inbox_room

log = logging.getLogger(__name__)

#: An event's name and payload.
_Form = tuple[str, Any]


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

    Nor do those in ``origin``, whose doing it is, in dialects that don't echo.
    """

    def emit(dialect: Dialect, form: _Form) -> None:
        own = [] if dialect.echoes or origin is None else sids_in(origin)
        room = conversation_room(conversation_id, dialect.name)
        socketio.server.emit(*form, to=room, skip_sid=[*skip, *own])

    _each(app, event, payload, emit)


def to_person(app: Flask, event: str, payload: dict[str, Any], user_id: str) -> None:
    """Every connection of this person hears it."""

    def emit(dialect: Dialect, form: _Form) -> None:
        socketio.server.emit(*form, to=inbox_room(user_id, dialect.name))

    _each(app, event, payload, emit)


def _each(
    app: Flask, event: str, payload: dict[str, Any], emit: Callable[[Dialect, _Form], None]
) -> None:
    """Emit it in each dialect that is spoken, all at one moment.

    Making a form may wait for the database. Meanwhile a connection may begin to speak another
    dialect, so nothing is emitted before every form is there: else it would hear both, or neither.
    """
    forms: dict[str, _Form | None] = {"colon": (event, payload)}
    while True:
        for dialect in spoken():
            if dialect.name not in forms:
                forms[dialect.name] = _heard(app, dialect, event, payload)
        with changing:
            now = [COLON, *spoken()]
            if any(dialect.name not in forms for dialect in now):
                continue
            for dialect in now:
                if (form := forms[dialect.name]) is not None:
                    emit(dialect, form)
            return


def _heard(app: Flask, dialect: Dialect, event: str, payload: dict[str, Any]) -> _Form | None:
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
