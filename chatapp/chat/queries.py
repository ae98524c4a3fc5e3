"""Reads of chatting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import tuple_

from chatapp.chat.schemas import MessagesQuery
from chatapp.conversation.access import access_conversation, access_message
from chatapp.conversation.presenters import ConversationJson, MessageJson
from chatapp.conversation.reading import (
    messages_where,
    own_conversations,
    present_conversations,
    read_conversation,
    read_messages,
)
from chatapp.db import db, snapshot
from chatapp.models import Conversation, Message
from chatapp.paging import Page, PageQuery, decode_cursor, encode_cursor
from chatapp.times import iso, parse
from chatapp.validation import MOST_SEQ


@dataclass(frozen=True, slots=True)
class MessagePage:
    """Messages next to each other, oldest first, and whether there are others around them."""

    messages: list[MessageJson]
    has_before: bool
    has_after: bool
    version: int


def conversations(user_id: str, query: PageQuery) -> Page[ConversationJson]:
    """This person's conversations, latest first."""
    own = own_conversations(user_id)
    after = decode_cursor(query.cursor, parse, int)
    if after:
        own = own.where(tuple_(Conversation.active_at, Conversation.id) < tuple(after))
    own = own.order_by(Conversation.active_at.desc(), Conversation.id.desc())
    with snapshot():
        rows = [(row[0], row[1], row[2]) for row in db.session.execute(own.limit(query.limit + 1))]
        shown = rows[: query.limit]
        last = shown[-1][0] if len(rows) > query.limit else None
        cursor = encode_cursor((iso(last.active_at), last.id)) if last else None
        return Page(present_conversations(shown, "few"), cursor)


def conversation(user_id: str, conversation_id: int) -> ConversationJson:
    """One conversation with all its members. Raises NotFound."""
    with snapshot():
        return read_conversation(user_id, conversation_id, "all")


def message(user_id: str, message_id: str) -> MessageJson:
    """One message. Raises NotFound."""
    with snapshot():
        access_message(user_id, message_id)
        return read_messages(messages_where(Message.id == message_id))[0]


def messages(user_id: str, conversation_id: int, query: MessagesQuery) -> MessagePage:
    """A page of a conversation's messages. Raises NotFound."""
    with snapshot():
        log = access_conversation(user_id, conversation_id).conversation
        if query.after is not None:
            found, more = _after(log.id, query.after, query.limit)
            return MessagePage(found, query.after > 0, more, log.version)
        if query.around is not None:
            older, has_before = _before(log.id, query.around, query.limit // 2)
            newer, has_after = _after(
                log.id, max(query.around - 1, 0), max(query.limit - len(older), 1)
            )
            return MessagePage(older + newer, has_before, has_after, log.version)
        bound = query.before if query.before is not None else log.last_seq + 1
        found, more = _before(log.id, bound, query.limit)
        return MessagePage(found, more, bound <= log.last_seq, log.version)


def message_at(user_id: str, conversation_id: int, seq: int | None) -> MessageJson | None:
    """The message at this place, None where there is none. Raises NotFound for a stranger."""
    if seq is None or not 0 < seq <= MOST_SEQ:
        return None
    with snapshot():
        access_conversation(user_id, conversation_id)
        at = messages_where(Message.conversation_id == conversation_id, Message.seq == seq)
        return next(iter(read_messages(at)), None)


def quotes(
    user_id: str, conversation_id: int, shown: Sequence[MessageJson]
) -> dict[str, MessageJson]:
    """The messages that those shown reply to, by id."""
    ids = {message["reply_to"] for message in shown if message["reply_to"] is not None}
    if not ids:
        return {}
    with snapshot():
        access_conversation(user_id, conversation_id)
        quoted = messages_where(Message.conversation_id == conversation_id, Message.id.in_(ids))
        return {message["id"]: message for message in read_messages(quoted)}


def _before(conversation_id: int, seq: int, limit: int) -> tuple[list[MessageJson], bool]:
    found = read_messages(
        messages_where(Message.conversation_id == conversation_id, Message.seq < seq)
        .order_by(Message.seq.desc())
        .limit(limit + 1)
    )
    return found[:limit][::-1], len(found) > limit


def _after(conversation_id: int, seq: int, limit: int) -> tuple[list[MessageJson], bool]:
    found = read_messages(
        messages_where(Message.conversation_id == conversation_id, Message.seq > seq)
        .order_by(Message.seq)
        .limit(limit + 1)
    )
    return found[:limit], len(found) > limit
