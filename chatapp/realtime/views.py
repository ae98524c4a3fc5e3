"""Who is looking at which conversation: they see each other come, go and type.

What is told here has no version that says who may hear it, so the members' present one is read
before. Call these functions with an application context.
"""

from __future__ import annotations

from collections import defaultdict

from flask import current_app

from chatapp.conversation.audience import audience_version
from chatapp.extensions import socketio
from chatapp.realtime.dispatch import Connection, connections
from chatapp.realtime.hooks import after_disconnect
from chatapp.realtime.membership import enter, hold_at_least, when_removed
from chatapp.realtime.rooms import view_room

#: Per conversation and person the connections that view it.
_views: dict[int, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
_names: dict[tuple[int, str], str] = {}


def open_view(connection: Connection, conversation_id: int, name: str, version: int) -> None:
    """This connection views the conversation; the others hear of the person's first one.

    ``version`` is the one of members that the person was found among.
    """
    if connection.sid not in connections:
        return
    sids = _views[conversation_id][connection.user_id]
    first = not sids
    sids.add(connection.sid)
    _names[conversation_id, connection.user_id] = name
    enter(current_app, connection, view_room(conversation_id), conversation_id, version)
    if first and sids:  # else they were removed meanwhile
        tell_viewers("user:joined", conversation_id, connection.user_id, name)


def close_view(sid: str, conversation_id: int) -> None:
    """This connection views it no more; the others hear of the person's last one."""
    for user_id, sids in list(_views.get(conversation_id, {}).items()):
        if sid not in sids:
            continue
        sids.discard(sid)
        if sid in connections:
            socketio.server.leave_room(sid, view_room(conversation_id))
        if not sids:
            del _views[conversation_id][user_id]
            name = _names.pop((conversation_id, user_id))
            tell_viewers("user:left", conversation_id, user_id, name)
    if not _views.get(conversation_id):
        _views.pop(conversation_id, None)


def tell_viewers(event: str, conversation_id: int, user_id: str, name: str) -> None:
    """Emit to everybody who views the conversation but this person; across a block to nobody."""
    version = audience_version(conversation_id)
    if version is None:
        return
    hold_at_least(current_app, conversation_id, version)
    payload = {"conversation_id": conversation_id, "user_id": user_id, "name": name}
    own = list(_views.get(conversation_id, {}).get(user_id, ()))
    socketio.server.emit(event, payload, to=view_room(conversation_id), skip_sid=own)


@when_removed
def close_view_of_the_removed(connection: Connection, conversation_id: int) -> None:
    """Whoever is a member no more views nothing there."""
    close_view(connection.sid, conversation_id)


@after_disconnect
def close_views(connection: Connection) -> None:
    """A connection that is gone views nothing."""
    for conversation_id in list(_views):
        close_view(connection.sid, conversation_id)
