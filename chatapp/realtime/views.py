"""Who is looking at which conversation: they see each other come, go and type."""

from __future__ import annotations

from collections import defaultdict

from chatapp.extensions import socketio
from chatapp.realtime.dispatch import Connection, connections
from chatapp.realtime.hooks import after_disconnect
from chatapp.realtime.rooms import view_room

#: Per conversation and person the connections that view it.
_views: dict[int, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
#: Names that the others may see; a person who may not be noticed has none.
_names: dict[tuple[int, str], str] = {}


def open_view(connection: Connection, conversation_id: int, name: str | None) -> None:
    """This connection views the conversation; the others hear of the person's first one.

    Without a ``name`` nobody hears of it.
    """
    if connection.sid not in connections:
        return
    sids = _views[conversation_id][connection.user_id]
    first = not sids
    sids.add(connection.sid)
    socketio.server.enter_room(connection.sid, view_room(conversation_id))
    if name is not None:
        _names[conversation_id, connection.user_id] = name
        if first:
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
            name = _names.pop((conversation_id, user_id), None)
            if name is not None:
                tell_viewers("user:left", conversation_id, user_id, name)
    if not _views.get(conversation_id):
        _views.pop(conversation_id, None)


def tell_viewers(event: str, conversation_id: int, user_id: str, name: str) -> None:
    """Emit to everybody who views the conversation but this person."""
    payload = {"conversation_id": conversation_id, "user_id": user_id, "name": name}
    own = list(_views.get(conversation_id, {}).get(user_id, ()))
    socketio.server.emit(event, payload, to=view_room(conversation_id), skip_sid=own)


@after_disconnect
def close_views(connection: Connection) -> None:
    """A connection that is gone views nothing."""
    for conversation_id in list(_views):
        close_view(connection.sid, conversation_id)
