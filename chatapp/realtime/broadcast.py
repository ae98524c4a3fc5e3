"""From announcements to the connections they concern."""

from __future__ import annotations

from collections.abc import Iterable

from chatapp.announce import Announcement
from chatapp.extensions import socketio
from chatapp.realtime.dispatch import connections
from chatapp.realtime.rooms import conversation_room, credential_room, user_room


def broadcast(announcement: Announcement) -> None:
    """Emit it to the members of its conversation, or to the people it names.

    Where it has both, those people have just come in and hear it with the others.
    """
    server = socketio.server
    conversation_id = announcement.conversation_id
    if announcement.event == "credential:ended":
        end_connections(announcement.payload["credential_id"])
        return
    if conversation_id is not None:
        _let_in(announcement.user_ids, conversation_id)
        room = conversation_room(conversation_id)
        server.emit(announcement.event, announcement.payload, to=room)
        return
    for user_id in announcement.user_ids:
        server.emit(announcement.event, announcement.payload, to=user_room(user_id))


def end_connections(credential_id: str) -> None:
    """Close every socket that this token or session opened."""
    for sid in _sids(credential_room(credential_id)):
        socketio.server.disconnect(sid)


def _let_in(user_ids: Iterable[str], conversation_id: int) -> None:
    room = conversation_room(conversation_id)
    for user_id in user_ids:
        for sid in _sids(user_room(user_id)):
            socketio.server.enter_room(sid, room)


def _sids(room: str) -> list[str]:
    found = socketio.server.manager.get_participants("/", room)
    return [sid for sid, _ in found if sid in connections]
