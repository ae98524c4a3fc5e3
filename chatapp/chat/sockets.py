"""Conversations and messages over Socket.IO."""

from __future__ import annotations

from typing import Any

from chatapp.chat import message_service, queries, service
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
    """Send a message; answer with the stored one, also for a repeat."""
    stored = service.send_message(connection.user_id, new.conversation_id, new)
    return {"message": stored.message}


@on_event("message:edit", EditEvent)
def edit_message(connection: Connection, edit: EditEvent) -> Answer:
    """Edit a message and answer with it."""
    return {"message": message_service.edit_message(connection.user_id, edit.message_id, edit)}


@on_event("message:delete", MessageRef)
def delete_message(connection: Connection, ref: MessageRef) -> Answer:
    """Delete a message's content and answer with the message."""
    return {"message": message_service.delete_message(connection.user_id, ref.message_id)}


@on_event("reaction:add", ReactionEvent)
def add_reaction(connection: Connection, reaction: ReactionEvent) -> Answer:
    """Add the caller's emoji and answer with the message."""
    message = message_service.add_reaction(connection.user_id, reaction.message_id, reaction.emoji)
    return {"message": message}


@on_event("reaction:remove", ReactionEvent)
def remove_reaction(connection: Connection, reaction: ReactionEvent) -> Answer:
    """Remove the caller's emoji and answer with the message."""
    message = message_service.remove_reaction(
        connection.user_id, reaction.message_id, reaction.emoji
    )
    return {"message": message}


@on_event("message:read", ReadEvent, reads=True)
def mark_read(connection: Connection, read: ReadEvent) -> Answer:
    """Mark the messages up to ``seq`` as read."""
    service.mark_read(connection.user_id, read.conversation_id, read.seq)
    return {}


@on_event("typing:start", ConversationRef)
def start_typing(connection: Connection, ref: ConversationRef) -> Answer:
    """Show the others who view the conversation that the caller types, for 6 s at most."""
    typist = queries.member(connection.user_id, ref.conversation_id, writes=True)
    current_hub().typing.start(connection, ref.conversation_id, typist.name)
    return {}


@on_event("typing:stop", ConversationRef, reads=True)
def stop_typing(connection: Connection, ref: ConversationRef) -> Answer:
    """Stop showing that the caller types."""
    access_conversation(connection.user_id, ref.conversation_id)
    current_hub().typing.stop(connection.user_id, ref.conversation_id)
    return {}


@on_event("conversation:create", NewConversation)
def create_conversation(connection: Connection, new: NewConversation) -> Answer:
    """Create a conversation; answer with the one-to-one conversation if it exists already."""
    conversation, _ = service.create_conversation(connection.user_id, new.participant_ids, new.name)
    return {"conversation": conversation}


@on_event("conversation:join", Join, reads=True)
def join(connection: Connection, ref: Join) -> Answer:
    """View a conversation; answer with it, and with what changed since ``after_version``."""
    found = changes.changes_since(connection.user_id, ref.conversation_id, ref.after_version)
    viewer = queries.member(connection.user_id, ref.conversation_id)
    current_hub().views.open(
        connection, ref.conversation_id, viewer.name, viewer.membership_version
    )
    return dict(found)


@on_event("conversation:leave", ConversationRef, reads=True)
def leave(connection: Connection, ref: ConversationRef) -> Answer:
    """Stop viewing a conversation; the caller stays a member."""
    access_conversation(connection.user_id, ref.conversation_id)
    current_hub().views.close(connection, ref.conversation_id)
    return {}


@on_event("sync", Known, reads=True)
def sync(connection: Connection, known: Known) -> Answer:
    """Answer with everything that was missed."""
    return dict(changes.sync(connection.user_id, known.by_id()))
