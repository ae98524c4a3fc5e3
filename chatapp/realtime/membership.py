"""Conversations' rooms: they hold the members' connections, as of a known version of the members.

A room may be older than an event: another process changed the members, or they changed while
somebody connected. Every event carries the membership version it was committed under; a room that
is older is filled anew from the database before the event goes out.
"""

from __future__ import annotations

from collections.abc import Callable

import socketio
from flask import Flask
from sqlalchemy import select

from chatapp.core.db import db, snapshot
from chatapp.models import Conversation, Participant
from chatapp.realtime.connections import Connection, Connections
from chatapp.realtime.rooms import conversation_room, view_room
from chatapp.realtime.speakers import Speakers


class Membership:
    """The membership version that each conversation's rooms are known to hold."""

    def __init__(
        self, app: Flask, server: socketio.Server, connections: Connections, speakers: Speakers
    ) -> None:
        self._app = app
        self._server = server
        self._connections = connections
        self._speakers = speakers
        self._versions: dict[int, int] = {}
        self._when_removed: list[Callable[[Connection, int], None]] = []

    def when_removed(self, function: Callable[[Connection, int], None]) -> None:
        """Call this for each connection that is removed from a conversation's rooms."""
        self._when_removed.append(function)

    def enter(self, connection: Connection, room: str, conversation_id: int, version: int) -> None:
        """Join a room of a conversation that this person was a member of at ``version``."""
        self._server.enter_room(connection.sid, room)
        if self._versions.setdefault(conversation_id, version) > version:
            # The members changed between the reading and the joining.
            self.refresh(conversation_id)

    def hold_at_least(self, conversation_id: int, version: int) -> None:
        """Make sure that the rooms hold the members of ``version`` or later."""
        if self._versions.get(conversation_id, -1) < version:
            self.refresh(conversation_id)

    def refresh(self, conversation_id: int) -> None:
        """Fill the rooms with the connections of the present members, and nobody else's."""
        while True:
            version, members = self._read(conversation_id)
            if version >= self._versions.get(conversation_id, -1):
                break  # else another task has read a later state by now, and this one is too old
        # From here on nothing waits: two refreshes at once can't mix their states.
        self._versions[conversation_id] = version
        rooms = [conversation_room(conversation_id, dialect) for dialect in self._speakers.known]
        rooms.append(view_room(conversation_id))
        present = {
            sid: self._connections[sid] for room in rooms for sid in self._connections.sids_in(room)
        }
        removed = [one for one in present.values() if one.user_id not in members]
        for connection in removed:
            for room in rooms:
                self._server.leave_room(connection.sid, room)
        for user_id in members:
            for sid in self._connections.sids_of(user_id):
                dialect = self._connections[sid].dialect.name
                self._server.enter_room(sid, conversation_room(conversation_id, dialect))
        if removed:
            with self._app.app_context():
                for connection in removed:
                    for function in self._when_removed:
                        function(connection, conversation_id)

    def _read(self, conversation_id: int) -> tuple[int, set[str]]:
        with self._app.app_context(), snapshot():
            row = db.session.execute(
                select(Conversation.membership_version, Conversation.deleted_at).where(
                    Conversation.id == conversation_id
                )
            ).one()
            current = select(Participant.user_id).where(
                Participant.conversation_id == conversation_id, Participant.left_at.is_(None)
            )
            members = set(db.session.scalars(current)) if row.deleted_at is None else set()
            return row.membership_version, members
