"""Delivery of one event to those it concerns, in the dialect that each connection speaks.

Each dialect's form is made once for all its receivers; those that nobody speaks cost nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from typing import Any

import socketio
from flask import Flask

from chatapp.conversation.presenters import event_without_receipts
from chatapp.core.events import ClientEvent
from chatapp.realtime.connections import Connections
from chatapp.realtime.dialect import COLON, Dialect
from chatapp.realtime.receipts import Receipts
from chatapp.realtime.rooms import conversation_room, inbox_room
from chatapp.realtime.speakers import Speakers

log = logging.getLogger(__name__)

#: An event's name and payload.
_Form = tuple[str, Any]


class Delivery:
    """Emits events to rooms."""

    def __init__(
        self,
        app: Flask,
        server: socketio.Server,
        connections: Connections,
        speakers: Speakers,
        receipts: Receipts,
    ) -> None:
        self._app = app
        self._server = server
        self._connections = connections
        self._speakers = speakers
        self._receipts = receipts

    def to_members(
        self, event: ClientEvent, conversation_id: int, *, skip: Collection[str] = ()
    ) -> None:
        """Emit to every connection in the conversation's rooms but those in ``skip``.

        Also without those that caused it, in dialects that don't echo. People who hide what they
        read get what `event_without_receipts` leaves of it.
        """
        payload, origin = event.payload, event.origin
        less = event_without_receipts(event.name, payload)

        def emit(dialect: Dialect, form: _Form | None, less_form: _Form | None) -> None:
            own = [] if dialect.echoes or origin is None else self._connections.sids_in(origin)
            left_out = [*skip, *own]
            room = conversation_room(conversation_id, dialect.name)
            hiding = (
                [] if less is payload else self._receipts.hiding_in(room, payload.get("user_id"))
            )
            if form is not None:
                self._server.emit(*form, to=room, skip_sid=[*left_out, *hiding])
            receivers = [sid for sid in hiding if sid not in left_out]
            if less_form is not None and receivers:
                self._server.emit(*less_form, to=receivers)

        self._each(event.name, payload, less, emit)

    def to_person(self, event: ClientEvent, user_id: str) -> None:
        """Emit to every connection of this person."""
        less = None
        if self._receipts.is_hiding(user_id):
            less = event_without_receipts(event.name, event.payload)
        shown = less or event.payload

        def emit(dialect: Dialect, form: _Form | None, _: _Form | None) -> None:
            if form is not None:
                self._server.emit(*form, to=inbox_room(user_id, dialect.name))

        self._each(event.name, shown, shown, emit)

    def _each(
        self,
        event: str,
        payload: dict[str, Any],
        less: dict[str, Any] | None,
        emit: Callable[[Dialect, _Form | None, _Form | None], None],
    ) -> None:
        """Emit it, and what is ``less``, in each dialect that is spoken, all at one moment.

        Making a form may wait for the database. Until then a connection may begin to speak another
        dialect, so nothing is emitted before every form is there: else it would hear both, or
        neither.
        """
        whole: dict[str, _Form | None] = {"colon": (event, payload)}
        lesser: dict[str, _Form | None] = {"colon": None if less is None else (event, less)}
        while True:
            for dialect in self._speakers.spoken():
                if dialect.name not in whole:
                    whole[dialect.name] = form = self._heard(dialect, event, payload)
                    if less is not None and less is not payload:
                        form = self._heard(dialect, event, less)
                    lesser[dialect.name] = None if less is None else form
            with self._speakers.changing:
                now = [COLON, *self._speakers.spoken()]
                if any(dialect.name not in whole for dialect in now):
                    continue
                for dialect in now:
                    emit(dialect, whole[dialect.name], lesser[dialect.name])
                return

    def _heard(self, dialect: Dialect, event: str, payload: dict[str, Any]) -> _Form | None:
        hears = dialect.hears.get(event)
        if hears is None:
            return None
        try:
            with self._app.app_context():
                return hears(payload)
        except Exception:  # the others are told all the same
            log.exception("%s can't be told in the dialect %s", event, dialect.name)
            return None
