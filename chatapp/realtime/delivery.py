"""Delivery of one event to its receivers, in the dialect that each connection speaks."""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import replace
from typing import Any

import socketio

from chatapp.conversation.presenters import event_without_receipts
from chatapp.core.events import ClientEvent
from chatapp.realtime.connections import Connections
from chatapp.realtime.dialect import COLON, Dialect
from chatapp.realtime.receipts import Receipts
from chatapp.realtime.rooms import conversation_room, inbox_room
from chatapp.realtime.speakers import Speakers

log = logging.getLogger(__name__)


class Delivery:
    """Emits events to rooms: one room for each dialect that is spoken, the others cost nothing.

    Nothing here waits for the database. `Speakers.changing` is held meanwhile: a connection that
    changes its dialect gets the event once, in the one or in the other.
    """

    def __init__(
        self,
        server: socketio.Server,
        connections: Connections,
        speakers: Speakers,
        receipts: Receipts,
    ) -> None:
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
        less = _without_receipts(event)
        with self._speakers.changing:
            for dialect in (COLON, *self._speakers.spoken()):
                room = conversation_room(conversation_id, dialect.name)
                skipped = [*skip, *self._causing(event, dialect)]
                if less is event:
                    self._emit(dialect, event, to=room, skip_sid=skipped)
                    continue
                hiding = self._receipts.hiding_in(room, event.payload.get("user_id"))
                self._emit(dialect, event, to=room, skip_sid=[*skipped, *hiding])
                receivers = [sid for sid in hiding if sid not in skipped]
                if less is not None and receivers:
                    self._emit(dialect, less, to=receivers)

    def to_person(self, event: ClientEvent, user_id: str) -> None:
        """Emit to every connection of this person."""
        if self._receipts.is_hiding(user_id):
            event = _without_receipts(event) or event
        with self._speakers.changing:
            for dialect in (COLON, *self._speakers.spoken()):
                self._emit(dialect, event, to=inbox_room(user_id, dialect.name))

    def _causing(self, event: ClientEvent, dialect: Dialect) -> list[str]:
        """Return the connections that caused the event and aren't sent it."""
        if dialect.echoes or event.origin is None:
            return []
        return self._connections.sids_in(event.origin)

    def _emit(self, dialect: Dialect, event: ClientEvent, **receivers: Any) -> None:
        try:
            rendered = dialect.render(event)
        except Exception:  # the other dialects' clients get it all the same
            log.exception("%s can't be rendered in the dialect %s", event.name, dialect.name)
            return
        if rendered is not None:
            self._server.emit(*rendered, **receivers)


def _without_receipts(event: ClientEvent) -> ClientEvent | None:
    """Return what of the event is for people who hide what they read; itself where it is all."""
    payload = event_without_receipts(event.name, event.payload)
    if payload is event.payload:
        return event
    return None if payload is None else replace(event, payload=payload)
