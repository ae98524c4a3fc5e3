"""The receiver of a conversation's messages, for clients that address people and groups."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Self

from sqlalchemy import func, select

from chatapp.conversation.direct import pair_of
from chatapp.conversation.messages import messages_where, read_messages
from chatapp.conversation.presenters import MessageJson
from chatapp.core.db import db
from chatapp.models import Conversation, Group, Message


@dataclass(frozen=True, slots=True)
class Addressed:
    """The receivers of a conversation's messages: a group, or the other one of two people."""

    group_id: str | None
    pair: frozenset[str]

    @classmethod
    def of(cls, conversation: Conversation) -> Self:
        """Take them from the conversation: no query where `lock_conversations` has read it."""
        return cls(conversation.group_id, pair_of(conversation))

    def receiver(self, sender_id: str) -> str:
        """Return the id of the group, or of the person that this sender writes to."""
        return self.group_id or next(iter(self.pair - {sender_id}), sender_id)


def addressed_to(conversation_ids: Collection[int]) -> dict[int, Addressed]:
    """Return each conversation's receivers, which never change."""
    rows = db.session.execute(
        select(Conversation, Group.id)
        .outerjoin(Group, Group.conversation_id == Conversation.id)
        .where(Conversation.id.in_(conversation_ids))
    )
    return {row[0].id: Addressed(row[1], pair_of(row[0])) for row in rows}


def last_written(conversation_ids: Collection[int]) -> dict[int, MessageJson]:
    """Return each conversation's newest message that isn't deleted."""
    newest = (
        select(func.max(Message.seq).label("seq"), Message.conversation_id)
        .where(Message.conversation_id.in_(conversation_ids), Message.deleted_at.is_(None))
        .group_by(Message.conversation_id)
        .subquery()
    )
    found = messages_where().join(
        newest,
        (newest.c.conversation_id == Message.conversation_id) & (newest.c.seq == Message.seq),
    )
    return {message["conversation_id"]: message for message in read_messages(found)}
