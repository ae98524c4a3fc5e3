"""Catch-up: conversations, and what changed in them since a version, in one snapshot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

from sqlalchemy import and_, bindparam, or_

from chatapp.conversation.conversations import (
    own_conversations,
    read_conversation,
    read_conversations,
)
from chatapp.conversation.messages import MAX_TEXT, messages_for, range_query, read_range
from chatapp.conversation.presenters import ConversationJson, MessageJson
from chatapp.core.db import snapshot
from chatapp.models import Conversation, Message

#: The most messages that `changes_since` returns, and `sync` in all conversations together.
MAX_MESSAGES = 1_000
#: Conversations per statement: SQLite limits how deep an expression may be.
_BATCH = 200


class Changes(TypedDict):
    """The present state of a conversation, and of its messages that changed.

    ``version`` is the version to ask with next time; ask again at once if ``has_more``.
    """

    conversation: ConversationJson
    messages: list[MessageJson]
    version: int
    has_more: bool


class Sync(TypedDict):
    """Everything a client missed; ``removed`` are conversations it no longer has access to."""

    conversations: list[Changes]
    removed: list[int]


def changes_since(
    user_id: str, conversation_id: int, version: int | None, limit: int = 200
) -> Changes:
    """Return up to ``limit`` messages that changed after ``version``, or none if it is None.

    An answer that is full (`MAX_TEXT`) ends earlier, with ``has_more``, but always has at least one
    message. Raises NotFound.
    """
    with snapshot():
        conversation = read_conversation(user_id, conversation_id, "small")
        if version is None:
            return _up_to_date(conversation, [])
        found = read_range(_CHANGED, limit=limit, conversation_id=conversation_id, version=version)
        messages = messages_for(user_id, found.messages)
        if found.next_conversation_id is not None:
            return _cut_short(conversation, messages, messages[-1]["version"])
        return _up_to_date(conversation, messages)


def sync(user_id: str, known: Mapping[int, int]) -> Sync:
    """Return all of this person's conversations, with what changed after the ``known`` versions.

    Returns at most `MAX_MESSAGES` messages and about `MAX_TEXT` characters in all; a conversation
    that was cut short or not reached has ``has_more``. Conversations that aren't in ``known`` come
    without messages.
    """
    with snapshot():
        present = read_conversations(_OWN, "small", user_id=user_id)
        behind = {
            conversation["id"]: known[conversation["id"]]
            for conversation in present
            if known.get(conversation["id"], conversation["version"]) < conversation["version"]
        }
        missed, cut = _missed_messages(user_id, behind)
        conversations = []
        for conversation in present:
            id_ = conversation["id"]
            messages = missed.get(id_, [])
            if id_ in cut:
                reached = messages[-1]["version"] if messages else behind[id_]
                conversations.append(_cut_short(conversation, messages, reached))
            else:
                conversations.append(_up_to_date(conversation, messages))
    removed = sorted(set(known) - {conversation["id"] for conversation in present})
    return {"conversations": conversations, "removed": removed}


def _missed_messages(
    user_id: str, behind: Mapping[int, int]
) -> tuple[dict[int, list[MessageJson]], set[int]]:
    """Return each conversation's messages after its version, and the conversations with more."""
    missed: dict[int, list[MessageJson]] = {id_: [] for id_ in behind}
    cut: set[int] = set()
    messages_left, text_left = MAX_MESSAGES, MAX_TEXT
    ids = sorted(behind)
    for start in range(0, len(ids), _BATCH):
        batch = ids[start : start + _BATCH]
        if messages_left <= 0 or text_left <= 0:
            cut.update(batch)
            continue
        after = (
            and_(Message.conversation_id == id_, Message.version > behind[id_]) for id_ in batch
        )
        query = range_query(or_(*after), order=_by_version)
        found = read_range(query, limit=messages_left, text=text_left)
        if found.next_conversation_id is not None:
            cut.update(id_ for id_ in batch if id_ >= found.next_conversation_id)
            messages_left = 0
        for message in messages_for(user_id, found.messages):
            missed[message["conversation_id"]].append(message)
            text_left -= len(message["content"] or "")
        messages_left -= len(found.messages)
    return missed, cut


def _by_version(message: Any) -> tuple[Any, ...]:
    return message.conversation_id, message.version


# Built once: composing these took each request longer than running them.
_OWN = own_conversations(bindparam("user_id")).order_by(
    Conversation.active_at.desc(), Conversation.id
)
_CHANGED = range_query(
    Message.conversation_id == bindparam("conversation_id"),
    Message.version > bindparam("version"),
    order=_by_version,
)


def _up_to_date(conversation: ConversationJson, messages: list[MessageJson]) -> Changes:
    return {
        "conversation": conversation,
        "messages": messages,
        "version": conversation["version"],
        "has_more": False,
    }


def _cut_short(
    conversation: ConversationJson, messages: list[MessageJson], reached: int
) -> Changes:
    return {
        "conversation": conversation,
        "messages": messages,
        "version": reached,
        "has_more": True,
    }
