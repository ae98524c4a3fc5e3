"""Chatting over REST."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from chatapp.chat import bp, lists, queries, service
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
    """One's conversations, pinned ones before the others, latest first."""
    page = lists.conversations(caller().id, read_query(ListQuery))
    return {"items": page.items, "next_cursor": page.next_cursor}


@bp.post("/api/chat")
@policy(scope="chat:write")
def create_conversation() -> Any:
    """201 with the new conversation, 200 with the one that stands."""
    new = read_json(NewConversation)
    conversation, created = service.create_conversation(caller().id, new.participant_ids, new.name)
    return dict(conversation), 201 if created else 200


@bp.get("/api/chat/<int:conversation_id>")
@policy(scope="chat:read")
def conversation(conversation_id: int) -> Any:
    """One conversation with all its members."""
    return dict(queries.conversation(caller().id, conversation_id))


@bp.get("/api/chat/<int:conversation_id>/members")
@policy(scope="chat:read")
def members(conversation_id: int) -> Any:
    """Who is in it, by name."""
    page = queries.members(caller().id, conversation_id, read_query(MembersQuery))
    return {"items": page.items, "next_cursor": page.next_cursor}


@bp.get("/api/chat/<int:conversation_id>/messages")
@policy(scope="chat:read")
def messages(conversation_id: int) -> Any:
    """A page of messages, oldest first."""
    query = read_query(MessagesQuery)
    return message_page_json(queries.messages(caller().id, conversation_id, query), query)


@bp.post("/api/chat/<int:conversation_id>/messages")
@policy(scope="chat:write", limit="messages")
def send_message(conversation_id: int) -> Any:
    """201 with the stored message, 200 with the first one for a repeat."""
    stored = service.send_message(caller().id, conversation_id, read_json(MessageBody))
    return dict(stored.message), 201 if stored.created else 200


@bp.get("/api/chat/<int:conversation_id>/changes")
@policy(scope="chat:read")
def changes(conversation_id: int) -> Any:
    """What changed since a version."""
    query = read_query(ChangesQuery)
    found = changes_since(caller().id, conversation_id, query.after_version, query.limit)
    return dict(found)


@bp.post("/api/chat/<int:conversation_id>/read")
@policy(scope="chat:write", verified=False)
def mark_read(conversation_id: int) -> Any:
    """204; one has read up to there."""
    service.mark_read(caller().id, conversation_id, read_json(Read).seq)
    return "", 204


@bp.patch("/api/chat/<int:conversation_id>/preferences")
@policy(scope="chat:write", verified=False)
def set_preferences(conversation_id: int) -> Any:
    """One's own preferences in this conversation."""
    patch = read_json(PreferencesPatch)
    return dict(service.set_preferences(caller().id, conversation_id, patch))


@bp.get("/api/messages/<uuid:message_id>")
@policy(scope="chat:read")
def message(message_id: UUID) -> Any:
    """One message as it now is."""
    return dict(queries.message(caller().id, str(message_id)))


@bp.patch("/api/messages/<uuid:message_id>")
@policy(scope="chat:write")
def edit_message(message_id: UUID) -> Any:
    """The message with its new content."""
    return dict(service.edit_message(caller().id, str(message_id), read_json(Edit)))


@bp.delete("/api/messages/<uuid:message_id>")
@policy(scope="chat:write")
def delete_message(message_id: UUID) -> Any:
    """204; its place stays, its content is gone."""
    service.delete_message(caller().id, str(message_id))
    return "", 204


@bp.put("/api/messages/<uuid:message_id>/reactions/<emoji>")
@policy(scope="chat:write")
def add_reaction(message_id: UUID, emoji: str) -> Any:
    """The message with one's emoji on it."""
    emoji = ReactionBody(emoji=emoji).emoji
    return dict(service.add_reaction(caller().id, str(message_id), emoji))


@bp.delete("/api/messages/<uuid:message_id>/reactions/<emoji>")
@policy(scope="chat:write")
def remove_reaction(message_id: UUID, emoji: str) -> Any:
    """The message without one's emoji."""
    emoji = ReactionBody(emoji=emoji).emoji
    return dict(service.remove_reaction(caller().id, str(message_id), emoji))
