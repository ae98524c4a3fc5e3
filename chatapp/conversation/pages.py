"""Pages of a conversation's messages: before a message, after one, around one.

Read the conversation and its page inside one `snapshot()`, so that they fit together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import bindparam

from chatapp.conversation.messages import messages_for, range_query, read_range
from chatapp.conversation.presenters import MessageJson
from chatapp.models import Message


class LogHead(NamedTuple):
    """The end of a conversation's log."""

    conversation_id: int
    last_seq: int
    version: int


@dataclass(frozen=True, slots=True)
class MessagePage:
    """Consecutive messages, oldest first, and whether there are others on either side."""

    messages: list[MessageJson]
    has_before: bool
    has_after: bool
    #: The conversation's version when the page was read.
    version: int


def newest_page(viewer_id: str, head: LogHead, limit: int) -> MessagePage:
    """Return the newest messages."""
    return page_before(viewer_id, head, head.last_seq + 1, limit)


def page_before(viewer_id: str, head: LogHead, seq: int, limit: int) -> MessagePage:
    """Return the messages right before ``seq``."""
    messages, has_before = _read_before(head.conversation_id, seq, limit)
    return _page(viewer_id, head, messages, has_before, seq <= head.last_seq)


def page_after(viewer_id: str, head: LogHead, seq: int, limit: int) -> MessagePage:
    """Return the messages right after ``seq``."""
    messages, has_after = _read_after(head.conversation_id, seq, limit)
    return _page(viewer_id, head, messages, seq > 0, has_after)


def page_around(viewer_id: str, head: LogHead, seq: int, limit: int) -> MessagePage:
    """Return the message at ``seq`` with up to half of ``limit`` before it and the rest after."""
    older: list[MessageJson] = []
    has_before = seq > 1
    if limit > 1:
        older, has_before = _read_before(head.conversation_id, seq, limit // 2)
    newer, has_after = _read_after(head.conversation_id, max(seq - 1, 0), limit - len(older))
    return _page(viewer_id, head, older + newer, has_before, has_after)


def _page(
    viewer_id: str, head: LogHead, messages: list[MessageJson], has_before: bool, has_after: bool
) -> MessagePage:
    return MessagePage(messages_for(viewer_id, messages), has_before, has_after, head.version)


def _read_before(conversation_id: int, seq: int, limit: int) -> tuple[list[MessageJson], bool]:
    """Return messages, oldest first, and whether there are older ones."""
    found = read_range(_BEFORE, limit=limit, conversation_id=conversation_id, seq=seq)
    return found.messages[::-1], found.next_conversation_id is not None


def _read_after(conversation_id: int, seq: int, limit: int) -> tuple[list[MessageJson], bool]:
    """Return messages, oldest first, and whether there are newer ones."""
    found = read_range(_AFTER, limit=limit, conversation_id=conversation_id, seq=seq)
    return found.messages, found.next_conversation_id is not None


def newest_first(message: Any) -> tuple[Any, ...]:
    """Order a `range_query` by descending ``seq``."""
    return (message.seq.desc(),)


# Built once: composing these took each request longer than running them.
_IN_CONVERSATION = Message.conversation_id == bindparam("conversation_id")
_BEFORE = range_query(_IN_CONVERSATION, Message.seq < bindparam("seq"), order=newest_first)
_AFTER = range_query(
    _IN_CONVERSATION, Message.seq > bindparam("seq"), order=lambda message: (message.seq,)
)
