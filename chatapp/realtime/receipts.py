"""The connected people who hide what they have read, and so aren't told what others have read.

Known from the handshake, from what is announced, and for switches in another process from the
database, as often as sign-ins are revalidated. Where nobody hides it, it costs nothing.
"""

from __future__ import annotations

from itertools import islice

from flask import Flask
from sqlalchemy import select

from chatapp.core.db import db
from chatapp.models import User
from chatapp.realtime.connections import Connections

_BATCH_SIZE = 500


class Receipts:
    """Who of this process's connected people hides their read receipts."""

    def __init__(self, app: Flask, connections: Connections) -> None:
        self._app = app
        self._connections = connections
        self._hiding: set[str] = set()
        self._changes = 0

    def note(self, user_id: str, hidden: bool) -> None:
        """Note whether this person hides what they read."""
        self._changes += 1
        (self._hiding.add if hidden else self._hiding.discard)(user_id)

    def is_hiding(self, user_id: str) -> bool:
        """Return whether this person, who is connected here, hides what they read."""
        return user_id in self._hiding

    def hiding_in(self, room: str, reader_id: str | None = None) -> list[str]:
        """Return the connections in a room of people who hide it, without ``reader_id``'s own."""
        if not self._hiding:
            return []
        hiding = self._hiding - {reader_id}
        return [
            sid
            for sid in self._connections.sids_in(room)
            if self._connections[sid].user_id in hiding
        ]

    def refresh(self) -> None:
        """Read the setting of everybody who is connected here."""
        before, found = self._changes, set[str]()
        ids = iter({connection.user_id for connection in self._connections})
        while some := list(islice(ids, _BATCH_SIZE)):
            with self._app.app_context():
                hiding = select(User.id).where(User.id.in_(some), User.hide_read_receipts)
                found.update(db.session.scalars(hiding))
        if self._changes == before:  # else somebody came or switched since: the next time
            self._hiding.clear()
            self._hiding.update(found)
