"""Connecting and disconnecting: who it is, and the rooms they are in."""

from __future__ import annotations

from typing import Any

from flask import Flask
from socketio import exceptions

from chatapp.conversation.reading import own_conversations
from chatapp.db import db
from chatapp.error_pages import error_json, tell
from chatapp.extensions import socketio
from chatapp.identity import socket_identity
from chatapp.models import Conversation
from chatapp.realtime.dispatch import Connection, connections
from chatapp.realtime.rooms import conversation_room, credential_room, user_room


def connect(app: Flask, sid: str, environ: dict[str, Any], auth: object) -> None:
    """The connection belongs to a person and hears all their conversations.

    Their own room comes first: a conversation that is made while the others are read is joined
    through it. Raises Socket.IO's ConnectionRefusedError, whose data is the one error shape.
    """
    with app.request_context(environ):
        try:
            identity = socket_identity(auth)
            connections[sid] = Connection(sid, identity)
            server = socketio.server
            server.enter_room(sid, credential_room(identity.credential_id))
            server.enter_room(sid, user_room(identity.user_id))
            ids = own_conversations(identity.user_id).with_only_columns(Conversation.id)
            for id_ in db.session.scalars(ids):
                server.enter_room(sid, conversation_room(id_))
        except Exception as exc:
            connections.pop(sid, None)
            error = tell(exc)
            raise exceptions.ConnectionRefusedError(error.code, error_json(error)) from exc


def disconnect(sid: str) -> None:
    """The connection is gone."""
    connections.pop(sid, None)
