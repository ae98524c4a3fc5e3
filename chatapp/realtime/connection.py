"""Connecting and disconnecting: who it is, and the rooms they are in."""

from __future__ import annotations

from typing import Any

from flask import Flask
from socketio import exceptions

from chatapp.conversation.queries import own_conversations
from chatapp.core.db import db
from chatapp.core.errors import error_json, tell
from chatapp.extensions import socketio
from chatapp.models import Conversation
from chatapp.realtime import hooks, membership, receipts
from chatapp.realtime.dialect import COLON, begin, end, note_use
from chatapp.realtime.dispatch import Connection, connections
from chatapp.realtime.handshake import Handshake
from chatapp.realtime.rooms import conversation_room, credential_room, inbox_room, user_room
from chatapp.security import rate_limits
from chatapp.security.identity import socket_identity


def connect(app: Flask, sid: str, environ: dict[str, Any], auth: object) -> None:
    """The connection belongs to a person and hears all their conversations.

    Their own room comes first: a conversation that is made while the others are read is joined
    through it. Raises Socket.IO's ConnectionRefusedError, whose data is the one error shape.
    """
    with app.request_context(environ):
        said = Handshake.of(auth)
        try:
            identity = socket_identity(auth)
            speaks = said.dialect(identity)
            rate_limits.take_connection(identity.user_id)
            me = Connection(sid, identity, speaks, settled=said.settled(speaks))
            connections[sid] = me
            receipts.note(identity.user_id, identity.hides_receipts)
            begin(speaks)
            hooks.before_connect.run(app, me)
            server = socketio.server
            server.enter_room(sid, credential_room(identity.credential_id))
            server.enter_room(sid, user_room(identity.user_id))
            server.enter_room(sid, inbox_room(identity.user_id, speaks.name))
            own = own_conversations(identity.user_id).with_only_columns(
                Conversation.id, Conversation.membership_version
            )
            for id_, version in db.session.execute(own).all():
                membership.enter(app, me, conversation_room(id_, speaks.name), id_, version)
            hooks.after_connect.run(app, me)
            if speaks is not COLON:
                note_use(speaks.name, me.user_id)
        except Exception as exc:
            if connections.pop(sid, None) is not None:
                end(speaks)
                rate_limits.give_connection(identity.user_id)
            error = tell(exc)
            words = error.message if said.wants_a_sentence else error.code
            raise exceptions.ConnectionRefusedError(words, error_json(error)) from exc


def disconnect(app: Flask, sid: str) -> None:
    """The connection is gone."""
    me = connections.get(sid)
    if me is not None:
        hooks.before_disconnect.run(app, me)
        if (gone := connections.pop(sid, None)) is not None:  # once, whoever noticed first
            end(gone.dialect)
            rate_limits.give_connection(me.user_id)
        hooks.after_disconnect.run(app, me)
