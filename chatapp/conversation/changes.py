"""Catching up: conversations and what changed in them since a version, in one snapshot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

from sqlalchemy import and_, bindparam, or_

from chatapp.conversation.presenters import ConversationJson, MessageJson
from chatapp.conversation.queries import (
    MOST_TEXT,
    own_conversations,
    read_conversation,
    read_conversations,
    read_stretch,
    shown_to,
    stretch_of,
)
from chatapp.core.db import snapshot
from chatapp.models import Conversation, Message

#: How many messages `changes_since` brings at most, and `sync` in all.
MOST_MESSAGES = 1_000
#: Conversations asked for in one statement: SQLite takes no deeper expression.
_BATCH = 200


class Changes(TypedDict):
    """The present state of a conversation and of its messages that changed.

    ``version`` is what to ask with next; with ``has_more`` there is more to ask for at once.
    """

    conversation: ConversationJson
    messages: list[MessageJson]
    version: int
    has_more: bool


class Sync(TypedDict):
    """All that someone missed; ``removed`` are conversations that are theirs no more."""

    conversations: list[Changes]
    removed: list[int]


def changes_since(
    user_id: str, conversation_id: int, version: int | None, limit: int = 200
) -> Changes:
    """What changed after ``version`` (at most ``limit`` messages); None asks for no messages.

    A full answer (`MOST_TEXT`) ends earlier, with ``has_more``, and never before its first message.
    Raises NotFound.
    """
    with snapshot():
        conversation = read_conversation(user_id, conversation_id, "small")
        if version is None:
            return _up_to_date(conversation, [])
        found = read_stretch(_CHANGED, most=limit, conversation_id=conversation_id, version=version)
        messages = shown_to(user_id, found.messages)
        if found.followed_in is not None:
            return _cut_short(conversation, messages, messages[-1]["version"])
        return _up_to_date(conversation, messages)


def sync(user_id: str, known: Mapping[int, int]) -> Sync:
    """Every conversation of this person, with what changed after the versions they know.

    At most `MOST_MESSAGES` messages and about `MOST_TEXT` characters in all: a conversation cut
    short or not reached has ``has_more``. Conversations that aren't in ``known`` come without
    messages.
    """
    with snapshot():
        present = read_conversations(_OWN, "small", user_id=user_id)
        behind = {
            conversation["id"]: known[conversation["id"]]
            for conversation in present
            if known.get(conversation["id"], conversation["version"]) < conversation["version"]
        }
        missed, cut = _missed(user_id, behind)
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


def _missed(
    user_id: str, behind: Mapping[int, int]
) -> tuple[dict[int, list[MessageJson]], set[int]]:
    """Per conversation the messages after its version; and those with more than that."""
    missed: dict[int, list[MessageJson]] = {id_: [] for id_ in behind}
    cut: set[int] = set()
    left, text = MOST_MESSAGES, MOST_TEXT
    ids = sorted(behind)
    for start in range(0, len(ids), _BATCH):
        batch = ids[start : start + _BATCH]
        if left <= 0 or text <= 0:
            cut.update(batch)
            continue
        after = (
            and_(Message.conversation_id == id_, Message.version > behind[id_]) for id_ in batch
        )
        found = read_stretch(stretch_of(or_(*after), order=_by_version), most=left, text=text)
        if found.followed_in is not None:
            cut.update(id_ for id_ in batch if id_ >= found.followed_in)
            left = 0
        for message in shown_to(user_id, found.messages):
            missed[message["conversation_id"]].append(message)
            text -= len(message["content"] or "")
        left -= len(found.messages)
    return missed, cut


def _by_version(message: Any) -> tuple[Any, ...]:
    return message.conversation_id, message.version


# Built once: composing these took each request longer than running them.
_OWN = own_conversations(bindparam("user_id")).order_by(
    Conversation.active_at.desc(), Conversation.id
)
_CHANGED = stretch_of(
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
