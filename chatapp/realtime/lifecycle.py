"""What happens when a client connects and disconnects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import socketio
from flask import Flask
from socketio import exceptions

from chatapp.conversation.conversations import own_conversations
from chatapp.core.db import db
from chatapp.core.errors import describe_and_log, error_json
from chatapp.models import Conversation
from chatapp.realtime import hooks
from chatapp.realtime.connections import Connection, Connections
from chatapp.realtime.dialect import COLON
from chatapp.realtime.handshake import Handshake
from chatapp.realtime.hooks import Hook
from chatapp.realtime.membership import Membership
from chatapp.realtime.receipts import Receipts
from chatapp.realtime.rooms import conversation_room, credential_room, inbox_room, user_room
from chatapp.realtime.speakers import Speakers
from chatapp.security.identity import socket_identity
from chatapp.security.rate_limits import RateLimiter


class Lifecycle:
    """Signs connections in, puts them into their rooms, and takes them out again."""

    def __init__(
        self,
        app: Flask,
        server: socketio.Server,
        *,
        connections: Connections,
        speakers: Speakers,
        membership: Membership,
        receipts: Receipts,
        after_connect: Sequence[Hook],
        after_disconnect: Sequence[Hook],
    ) -> None:
        self._app = app
        self._limiter: RateLimiter = app.extensions["rate_limiter"]
        self._server = server
        self._connections = connections
        self._speakers = speakers
        self._membership = membership
        self._receipts = receipts
        self._after_connect = after_connect
        self._after_disconnect = after_disconnect

    def connect(self, sid: str, environ: dict[str, Any], auth: object) -> None:
        """Sign the connection in, and let it join the rooms of its person's conversations.

        Raises Socket.IO's ConnectionRefusedError, whose data is the one error shape.
        """
        with self._app.request_context(environ):
            handshake = Handshake.read(auth, self._speakers.known)
            try:
                identity = socket_identity(auth)
                dialect = handshake.dialect(identity)
                self._limiter.take_connection(identity.user_id)
                me = Connection(sid, identity, dialect, settled=handshake.settles(dialect))
                self._connections[sid] = me
                self._receipts.note(identity.user_id, identity.hides_receipts)
                self._speakers.begin(dialect)
                hooks.before_connect.run(self._app, me)
                self._enter_rooms(me)
                hooks.after_connect.run(self._app, me, self._after_connect)
                if dialect is not COLON:
                    self._speakers.note_use(dialect.name, me.user_id)
            except Exception as exc:
                if self._connections.pop(sid) is not None:
                    self._speakers.end(dialect)
                    self._limiter.give_connection(identity.user_id)
                error = describe_and_log(exc)
                message = error.message if handshake.wants_message else error.code
                raise exceptions.ConnectionRefusedError(message, error_json(error)) from exc

    def disconnect(self, sid: str) -> None:
        """Forget a connection that is gone."""
        me = self._connections.get(sid)
        if me is not None:
            hooks.before_disconnect.run(self._app, me)
            if (gone := self._connections.pop(sid)) is not None:  # only once
                self._speakers.end(gone.dialect)
                self._limiter.give_connection(me.user_id)
            hooks.after_disconnect.run(self._app, me, self._after_disconnect)

    def _enter_rooms(self, me: Connection) -> None:
        """Join the person's own rooms, then their conversations'.

        In this order: a conversation that is made while the others are read is joined through the
        person's own room.
        """
        dialect = me.dialect.name
        self._server.enter_room(me.sid, credential_room(me.identity.credential_id))
        self._server.enter_room(me.sid, user_room(me.user_id))
        self._server.enter_room(me.sid, inbox_room(me.user_id, dialect))
        own = own_conversations(me.user_id).with_only_columns(
            Conversation.id, Conversation.membership_version
        )
        for id_, version in db.session.execute(own).all():
            self._membership.enter(me, conversation_room(id_, dialect), id_, version)
