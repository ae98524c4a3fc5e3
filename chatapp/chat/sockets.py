"""Chatting over Socket.IO."""

from __future__ import annotations

from typing import Any

from chatapp.chat import service
from chatapp.chat.schemas import (
    ConversationRef,
    Join,
    Known,
    NewConversation,
    NewMessage,
    ReadEvent,
)
from chatapp.conversation import changes
from chatapp.conversation.access import access_conversation
from chatapp.realtime.dispatch import Connection, on_event


@on_event("message:send", NewMessage)
def send_message(connection: Connection, new: NewMessage) -> dict[str, Any]:
    """The stored message, the first one for a repeat."""
    stored = service.send_message(connection.user_id, new.conversation_id, new)
    return {"message": stored.message}


@on_event("message:read", ReadEvent)
def mark_read(connection: Connection, read: ReadEvent) -> dict[str, Any]:
    """One has read up to there."""
    service.mark_read(connection.user_id, read.conversation_id, read.seq)
    return {}


@on_event("conversation:create", NewConversation)
def create_conversation(connection: Connection, new: NewConversation) -> dict[str, Any]:
    """The new conversation, or the one that stands."""
    conversation, _ = service.create_conversation(connection.user_id, new.participant_ids)
    return {"conversation": conversation}


@on_event("conversation:join", Join)
def join(connection: Connection, ref: Join) -> dict[str, Any]:
    """The conversation, and with ``after_version`` what changed since."""
    return dict(changes.changes_since(connection.user_id, ref.conversation_id, ref.after_version))


@on_event("conversation:leave", ConversationRef)
def leave(connection: Connection, ref: ConversationRef) -> dict[str, Any]:
    """The view is closed; membership stays."""
    access_conversation(connection.user_id, ref.conversation_id)
    return {}


@on_event("sync", Known)
def sync(connection: Connection, known: Known) -> dict[str, Any]:
    """All that was missed."""
    return dict(changes.sync(connection.user_id, known.by_id()))
