"""One event to those whom it concerns, to each in the dialect that their connection speaks.

Each dialect's form is made once for all its receivers; those that nobody speaks cost nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from typing import Any

from flask import Flask

from chatapp.conversation.presenters import event_without_receipts
from chatapp.extensions import socketio
from chatapp.realtime import receipts
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

    Nor do those in ``origin``, whose doing it is, in dialects that don't echo. Who hides what they
    read hears what `event_without_receipts` leaves of it.
    """
    less = event_without_receipts(event, payload)

    def emit(dialect: Dialect, form: _Form | None, less_form: _Form | None) -> None:
        own = [] if dialect.echoes or origin is None else sids_in(origin)
        left_out = [*skip, *own]
        room = conversation_room(conversation_id, dialect.name)
        hiding = [] if less is payload else receipts.hiding_in(room, payload.get("user_id"))
        if form is not None:
            socketio.server.emit(*form, to=room, skip_sid=[*left_out, *hiding])
        hearing = [sid for sid in hiding if sid not in left_out]
        if less_form is not None and hearing:
            socketio.server.emit(*less_form, to=hearing)

    _each(app, event, payload, less, emit)


def to_person(app: Flask, event: str, payload: dict[str, Any], user_id: str) -> None:
    """Every connection of this person hears it."""
    less = event_without_receipts(event, payload) if receipts.is_hiding(user_id) else None
    shown = less or payload

    def emit(dialect: Dialect, form: _Form | None, _: _Form | None) -> None:
        if form is not None:
            socketio.server.emit(*form, to=inbox_room(user_id, dialect.name))

    _each(app, event, shown, shown, emit)


def _each(
    app: Flask,
    event: str,
    payload: dict[str, Any],
    less: dict[str, Any] | None,
    emit: Callable[[Dialect, _Form | None, _Form | None], None],
) -> None:
    """Emit it, and what is ``less``, in each dialect that is spoken, all at one moment.

    Making a form may wait for the database. Meanwhile a connection may begin to speak another
    dialect, so nothing is emitted before every form is there: else it would hear both, or neither.
    """
    whole: dict[str, _Form | None] = {"colon": (event, payload)}
    lesser: dict[str, _Form | None] = {"colon": None if less is None else (event, less)}
    while True:
        for dialect in spoken():
            if dialect.name not in whole:
                whole[dialect.name] = form = _heard(app, dialect, event, payload)
                if less is not None and less is not payload:
                    form = _heard(app, dialect, event, less)
                lesser[dialect.name] = None if less is None else form
        with changing:
            now = [COLON, *spoken()]
            if any(dialect.name not in whole for dialect in now):
                continue
            for dialect in now:
                emit(dialect, whole[dialect.name], lesser[dialect.name])
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
