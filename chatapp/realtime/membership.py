"""Rooms hold the members' connections, as of a version that is known.

A room may be older than an event: another process changed the members, or they changed while
somebody connected. Every event carries the membership version it was committed under; a room that
is older is filled anew from the database before the event goes out.
"""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask
from sqlalchemy import select

from chatapp.core.db import db, snapshot
from chatapp.extensions import socketio
from chatapp.models import Conversation, Participant
from chatapp.realtime.dialect import known
from chatapp.realtime.dispatch import Connection, connections
from chatapp.realtime.rooms import conversation_room, user_room, view_room

#: The membership version that each conversation's room is known to hold.
_known: dict[int, int] = {}
_removed: list[Callable[[Connection, int], None]] = []


def when_removed(
    function: Callable[[Connection, int], None],
) -> Callable[[Connection, int], None]:
    """Call this for each connection that a conversation's rooms are rid of, when they are."""
    _removed.append(function)
    return function


def enter(
    app: Flask, connection: Connection, room: str, conversation_id: int, version: int
) -> None:
    """Join a room of a conversation that this person was a member of at ``version``."""
    socketio.server.enter_room(connection.sid, room)
    if _known.setdefault(conversation_id, version) > version:
        refresh(app, conversation_id)  # the members changed between the reading and the joining


def hold_at_least(app: Flask, conversation_id: int, version: int) -> None:
    """The room holds the members of ``version`` or later."""
    if _known.get(conversation_id, -1) < version:
        refresh(app, conversation_id)


def refresh(app: Flask, conversation_id: int) -> None:
    """The room holds the connections of those who are members now, and of nobody else."""
    while True:
        version, members = _read(app, conversation_id)
        if version >= _known.get(conversation_id, -1):
            break  # else someone else has read a later state meanwhile, and this one is too old
    # From here on nothing waits: two refreshes at once can't mix their states.
    _known[conversation_id] = version
    server = socketio.server
    rooms = [conversation_room(conversation_id, dialect) for dialect in known]
    rooms.append(view_room(conversation_id))
    present = {sid: connections[sid] for room in rooms for sid in sids_in(room)}
    gone = [one for one in present.values() if one.user_id not in members]
    for connection in gone:
        for room in rooms:
            server.leave_room(connection.sid, room)
    for user_id in members:
        for sid in sids_in(user_room(user_id)):
            server.enter_room(
                sid, conversation_room(conversation_id, connections[sid].dialect.name)
            )
    if gone:
        with app.app_context():
            for connection in gone:
                for function in _removed:
                    function(connection, conversation_id)


def _read(app: Flask, conversation_id: int) -> tuple[int, set[str]]:
    with app.app_context(), snapshot():
        row = db.session.execute(
            select(Conversation.membership_version, Conversation.deleted_at).where(
                Conversation.id == conversation_id
            )
        ).one()
        standing = select(Participant.user_id).where(
            Participant.conversation_id == conversation_id, Participant.left_at.is_(None)
        )
        members = set(db.session.scalars(standing)) if row.deleted_at is None else set()
        return row.membership_version, members


def sids_in(room: str) -> list[str]:
    """The connections of this process in a room."""
    found = socketio.server.manager.get_participants("/", room)
    return [sid for sid, _ in found if sid in connections]
