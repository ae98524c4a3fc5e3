"""Conversations and messages over REST."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from chatapp.chat import bp, lists, message_service, queries, service
from chatapp.chat.presenters import message_page_json
from chatapp.chat.schemas import (
    ChangesQuery,
    Edit,
    ListQuery,
    MembersQuery,
    MessageBody,
    MessagesQuery,
    NewConversation,
    PreferencesPatch,
    ReactionBody,
    Read,
)
from chatapp.conversation.changes import changes_since
from chatapp.security.identity import caller
from chatapp.security.view_policy import policy
from chatapp.web.request_input import read_json, read_query


@bp.get("/api/chat")
@policy(scope="chat:read")
def conversations() -> Any:
    """List your conversations: the pinned ones first, each part latest first."""
    page = lists.conversations(caller().id, read_query(ListQuery))
    return {"items": page.items, "next_cursor": page.next_cursor}


@bp.post("/api/chat")
@policy(scope="chat:write")
def create_conversation() -> Any:
    """Create a conversation: 201, or 200 with the one-to-one conversation that exists."""
    new = read_json(NewConversation)
    conversation, created = service.create_conversation(caller().id, new.participant_ids, new.name)
    return dict(conversation), 201 if created else 200


@bp.get("/api/chat/<int:conversation_id>")
@policy(scope="chat:read")
def conversation(conversation_id: int) -> Any:
    """Return a conversation with all its members."""
    return dict(queries.conversation(caller().id, conversation_id))


@bp.get("/api/chat/<int:conversation_id>/members")
@policy(scope="chat:read")
def members(conversation_id: int) -> Any:
    """List the members by name."""
    page = queries.members(caller().id, conversation_id, read_query(MembersQuery))
    return {"items": page.items, "next_cursor": page.next_cursor}


@bp.get("/api/chat/<int:conversation_id>/messages")
@policy(scope="chat:read")
def messages(conversation_id: int) -> Any:
    """Return a page of messages, oldest first."""
    query = read_query(MessagesQuery)
    return message_page_json(queries.messages(caller().id, conversation_id, query), query)


@bp.post("/api/chat/<int:conversation_id>/messages")
@policy(scope="chat:write", limit="messages")
def send_message(conversation_id: int) -> Any:
    """Send a message: 201, or 200 with the stored one for a repeat."""
    stored = service.send_message(caller().id, conversation_id, read_json(MessageBody))
    return dict(stored.message), 201 if stored.created else 200


@bp.get("/api/chat/<int:conversation_id>/changes")
@policy(scope="chat:read")
def changes(conversation_id: int) -> Any:
    """Return what changed since a version."""
    query = read_query(ChangesQuery)
    found = changes_since(caller().id, conversation_id, query.after_version, query.limit)
    return dict(found)


@bp.post("/api/chat/<int:conversation_id>/read")
@policy(scope="chat:write", verified=False)
def mark_read(conversation_id: int) -> Any:
    """Mark the messages up to ``seq`` as read."""
    service.mark_read(caller().id, conversation_id, read_json(Read).seq)
    return "", 204


@bp.patch("/api/chat/<int:conversation_id>/preferences")
@policy(scope="chat:write", verified=False)
def set_preferences(conversation_id: int) -> Any:
    """Change your preferences for a conversation."""
    patch = read_json(PreferencesPatch)
    return dict(service.set_preferences(caller().id, conversation_id, patch))


@bp.get("/api/messages/<uuid:message_id>")
@policy(scope="chat:read")
def message(message_id: UUID) -> Any:
    """Return a message in its present state."""
    return dict(queries.message(caller().id, str(message_id)))


@bp.patch("/api/messages/<uuid:message_id>")
@policy(scope="chat:write")
def edit_message(message_id: UUID) -> Any:
    """Edit a message and return it."""
    return dict(message_service.edit_message(caller().id, str(message_id), read_json(Edit)))


@bp.delete("/api/messages/<uuid:message_id>")
@policy(scope="chat:write")
def delete_message(message_id: UUID) -> Any:
    """Delete a message's content; its place stays."""
    message_service.delete_message(caller().id, str(message_id))
    return "", 204


@bp.put("/api/messages/<uuid:message_id>/reactions/<emoji>")
@policy(scope="chat:write")
def add_reaction(message_id: UUID, emoji: str) -> Any:
    """Add your emoji to a message and return it."""
    emoji = ReactionBody(emoji=emoji).emoji
    return dict(message_service.add_reaction(caller().id, str(message_id), emoji))


@bp.delete("/api/messages/<uuid:message_id>/reactions/<emoji>")
@policy(scope="chat:write")
def remove_reaction(message_id: UUID, emoji: str) -> Any:
    """Remove your emoji from a message and return it."""
    emoji = ReactionBody(emoji=emoji).emoji
    return dict(message_service.remove_reaction(caller().id, str(message_id), emoji))
