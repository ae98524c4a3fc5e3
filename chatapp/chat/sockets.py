"""Chatting over Socket.IO."""

from __future__ import annotations

from typing import Any

from chatapp.chat import queries, service
from chatapp.chat.schemas import (
    ConversationRef,
    EditEvent,
    Join,
    Known,
    MessageRef,
    NewConversation,
    NewMessage,
    ReactionEvent,
    ReadEvent,
)
from chatapp.conversation import changes
from chatapp.conversation.access import access_conversation
from chatapp.realtime.connections import Connection
from chatapp.realtime.dialect import on_event
from chatapp.realtime.hub import current_hub

Answer = dict[str, Any]


@on_event("message:send", NewMessage, sends=True)
def send_message(connection: Connection, new: NewMessage) -> Answer:
    """The stored message, the first one for a repeat."""
    stored = service.send_message(connection.user_id, new.conversation_id, new)
    return {"message": stored.message}


@on_event("message:edit", EditEvent)
def edit_message(connection: Connection, edit: EditEvent) -> Answer:
    """The message with its new content."""
    return {"message": service.edit_message(connection.user_id, edit.message_id, edit)}


@on_event("message:delete", MessageRef)
def delete_message(connection: Connection, ref: MessageRef) -> Answer:
    """The message without its content."""
    return {"message": service.delete_message(connection.user_id, ref.message_id)}


@on_event("reaction:add", ReactionEvent)
def add_reaction(connection: Connection, reaction: ReactionEvent) -> Answer:
    """The message with one's emoji."""
    message = service.add_reaction(connection.user_id, reaction.message_id, reaction.emoji)
    return {"message": message}


@on_event("reaction:remove", ReactionEvent)
def remove_reaction(connection: Connection, reaction: ReactionEvent) -> Answer:
    """The message without one's emoji."""
    message = service.remove_reaction(connection.user_id, reaction.message_id, reaction.emoji)
    return {"message": message}


@on_event("message:read", ReadEvent, reads=True)
def mark_read(connection: Connection, read: ReadEvent) -> Answer:
    """One has read up to there."""
    service.mark_read(connection.user_id, read.conversation_id, read.seq)
    return {}


@on_event("typing:start", ConversationRef)
def start_typing(connection: Connection, ref: ConversationRef) -> Answer:
    """The others who view the conversation see it, until it stops or 6 s have passed."""
    typist = queries.member(connection.user_id, ref.conversation_id, writes=True)
    current_hub().typing.start(connection, ref.conversation_id, typist.name)
    return {}


@on_event("typing:stop", ConversationRef, reads=True)
def stop_typing(connection: Connection, ref: ConversationRef) -> Answer:
    """The others see no more of it."""
    access_conversation(connection.user_id, ref.conversation_id)
    current_hub().typing.stop(connection.user_id, ref.conversation_id)
    return {}


@on_event("conversation:create", NewConversation)
def create_conversation(connection: Connection, new: NewConversation) -> Answer:
    """The new conversation, or the one-to-one one that stands."""
    conversation, _ = service.create_conversation(connection.user_id, new.participant_ids, new.name)
    return {"conversation": conversation}


@on_event("conversation:join", Join, reads=True)
def join(connection: Connection, ref: Join) -> Answer:
    """The conversation, and with ``after_version`` what changed since; it is viewed from now on."""
    found = changes.changes_since(connection.user_id, ref.conversation_id, ref.after_version)
    viewer = queries.member(connection.user_id, ref.conversation_id)
    current_hub().views.open(
        connection, ref.conversation_id, viewer.name, viewer.membership_version
    )
    return dict(found)


@on_event("conversation:leave", ConversationRef, reads=True)
def leave(connection: Connection, ref: ConversationRef) -> Answer:
    """The view is closed; membership stays."""
    access_conversation(connection.user_id, ref.conversation_id)
    current_hub().views.close(connection, ref.conversation_id)
    return {}


@on_event("sync", Known, reads=True)
def sync(connection: Connection, known: Known) -> Answer:
    """All that was missed."""
    return dict(changes.sync(connection.user_id, known.by_id()))
