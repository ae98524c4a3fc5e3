"""Telling people who comes online and goes offline, as far as it concerns them."""

from __future__ import annotations

from datetime import datetime

from flask import Flask
from sqlalchemy import update

from chatapp.conversation.audience import presence_viewers
from chatapp.conversation.presence_visibility import hiding_last_seen
from chatapp.core import concurrency
from chatapp.core.clock import iso
from chatapp.core.db import atomic, db, now
from chatapp.core.events import ClientEvent, People
from chatapp.core.presence import OnlinePeople
from chatapp.models import User
from chatapp.realtime.connections import Connection, Connections
from chatapp.realtime.delivery import Delivery
from chatapp.realtime.speakers import Speakers

#: Seconds for which somebody whose last connection ended still counts as online.
OFFLINE_AFTER_SECONDS = 5.0


class Presence:
    """Announces the first connection and the last one of each person."""

    def __init__(
        self,
        app: Flask,
        people: OnlinePeople,
        connections: Connections,
        speakers: Speakers,
        delivery: Delivery,
    ) -> None:
        self._app = app
        self._people = people
        self._connections = connections
        self._speakers = speakers
        self._delivery = delivery

    def come_online(self, connection: Connection) -> None:
        """Announce that a person is online, if this is their first connection."""
        if connection.sid in self._connections and self._people.add(
            connection.user_id, connection.sid
        ):
            user = db.session.get(User, connection.user_id)
            self._tell("user:online", connection.user_id, user.last_seen if user else None)

    def go_offline(self, connection: Connection) -> None:
        """Announce that a person is offline, if this was their last connection.

        Unless they come back within `OFFLINE_AFTER_SECONDS`.
        """
        if not self._people.remove(connection.user_id, connection.sid):
            return
        db.session.remove()  # no database connection is held while waiting
        concurrency.wait(OFFLINE_AFTER_SECONDS)
        if not self._people.expire(connection.user_id, connection.sid):
            return
        moment = now()
        with atomic() as work:
            work.execute(
                update(User)
                .where(User.id == connection.user_id)
                .values(last_seen=moment, updated_at=User.updated_at)
            )
        self._tell("user:offline", connection.user_id, moment)

    def _tell(self, name: str, user_id: str, last_seen: datetime | None) -> None:
        recipients = presence_viewers(user_id)
        hiding = hiding_last_seen({user_id, *recipients})
        for recipient in recipients:
            shown = None if {user_id, recipient} & hiding else last_seen
            payload = {"user_id": user_id, "last_seen": iso(shown)}
            event = ClientEvent(name, payload, People(frozenset((recipient,))))
            self._delivery.to_person(event, recipient)
            for dialect in self._speakers.spoken():
                if dialect.on_presence_change is not None:
                    dialect.on_presence_change(self._app, recipient)
