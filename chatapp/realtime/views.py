"""Who is looking at which conversation: viewers see each other come, go and type.

These events have no version that says who may see them, so the members' present version is read
first. Call these methods with an application context.
"""

from __future__ import annotations

from collections import defaultdict

import socketio

from chatapp.conversation.audience import audience_version
from chatapp.realtime.connections import Connection, Connections
from chatapp.realtime.membership import Membership
from chatapp.realtime.rooms import view_room


class Views:
    """The connections that view each conversation."""

    def __init__(
        self, server: socketio.Server, connections: Connections, membership: Membership
    ) -> None:
        self._server = server
        self._connections = connections
        self._membership = membership
        #: By conversation and person.
        self._sids: dict[int, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        self._names: dict[tuple[int, str], str] = {}

    def open(self, connection: Connection, conversation_id: int, name: str, version: int) -> None:
        """Let this connection view the conversation; tell the others of the person's first view.

        ``version`` is the membership version under which the person was found to be a member.
        """
        if connection.sid not in self._connections:
            return
        sids = self._sids[conversation_id][connection.user_id]
        first = not sids
        sids.add(connection.sid)
        self._names[conversation_id, connection.user_id] = name
        self._membership.enter(connection, view_room(conversation_id), conversation_id, version)
        if first and sids:  # else they were removed in between
            self.tell_others("user:joined", conversation_id, connection.user_id, name)

    def close(self, connection: Connection, conversation_id: int) -> None:
        """End this connection's view; tell the others when it was the person's last one."""
        sid, user_id = connection.sid, connection.user_id
        sids = self._sids.get(conversation_id, {}).get(user_id, set())
        if sid in sids:
            sids.discard(sid)
            if sid in self._connections:
                self._server.leave_room(sid, view_room(conversation_id))
            if not sids:
                del self._sids[conversation_id][user_id]
                name = self._names.pop((conversation_id, user_id))
                self.tell_others("user:left", conversation_id, user_id, name)
        if not self._sids.get(conversation_id):
            self._sids.pop(conversation_id, None)

    def close_all(self, connection: Connection) -> None:
        """End every view of a connection that is gone."""
        for conversation_id in list(self._sids):
            self.close(connection, conversation_id)

    def tell_others(self, event: str, conversation_id: int, user_id: str, name: str) -> None:
        """Emit to the other people who view the conversation; across a block to nobody."""
        version = audience_version(conversation_id)
        if version is None:
            return
        self._membership.hold_at_least(conversation_id, version)
        payload = {"conversation_id": conversation_id, "user_id": user_id, "name": name}
        own = list(self._sids.get(conversation_id, {}).get(user_id, ()))
        self._server.emit(event, payload, to=view_room(conversation_id), skip_sid=own)
