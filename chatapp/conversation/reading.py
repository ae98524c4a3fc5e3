"""Conversations and messages as JSON, read set-wise: as many statements for fifty as for one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Literal

from sqlalchemy import Select, func, or_, select

from chatapp.conversation.presenters import (
    ConversationJson,
    MessageJson,
    conversation_json,
    message_json,
)
from chatapp.db import MAX_ID, db
from chatapp.errors import NotFound
from chatapp.models import Conversation, Message, Participant, User

#: How many participants stand in a conversation where not all of them do.
FEW = 8
#: Up to how many members `small` brings all of them.
SMALL = 100

#: all of them; all where there are at most `SMALL`, else a few; a few
Who = Literal["all", "small", "few"]

Row = tuple[Conversation, Participant]


def own_conversations(user_id: str) -> Select[Conversation, Participant]:
    """The conversations that this person is a member of, each with their place in it."""
    return (
        select(Conversation, Participant)
        .join(Participant, Participant.conversation_id == Conversation.id)
        .where(
            Participant.user_id == user_id,
            Participant.left_at.is_(None),
            Conversation.deleted_at.is_(None),
        )
    )


def read_conversation(user_id: str, conversation_id: int, who: Who) -> ConversationJson:
    """One conversation of this person. Raises NotFound."""
    if not 1 <= conversation_id <= MAX_ID:
        raise NotFound()
    own = own_conversations(user_id).where(Conversation.id == conversation_id)
    found = read_conversations(own, who)
    if not found:
        raise NotFound()
    return found[0]


def read_conversations(
    query: Select[Conversation, Participant], who: Who
) -> list[ConversationJson]:
    """The conversations of an `own_conversations` query, in its order."""
    return present_conversations([(row[0], row[1]) for row in db.session.execute(query)], who)


def present_conversations(rows: Sequence[Row], who: Who) -> list[ConversationJson]:
    """What `own_conversations` found, whole, in the same order: two statements more."""
    if not rows:
        return []
    viewer_id = rows[0][1].user_id
    ids = [conversation.id for conversation, _ in rows]
    people = _participants(ids, viewer_id, who)
    last = _last_messages(ids)
    return [
        conversation_json(
            conversation,
            viewer,
            [(member, user) for member, user, _, _ in people[conversation.id]],
            participant_count=people[conversation.id][0][2],
            read_by_all_seq=people[conversation.id][0][3],
            last_message=last.get(conversation.id),
        )
        for conversation, viewer in rows
    ]


def messages_where(*conditions: Any) -> Select[Message, User]:
    """Messages with their senders."""
    return select(Message, User).join(User, User.id == Message.sender_id).where(*conditions)


def read_messages(query: Select[Message, User]) -> list[MessageJson]:
    """The messages of a `messages_where` query."""
    return [message_json(message, sender) for message, sender in db.session.execute(query)]


def _participants(
    ids: Sequence[int], viewer_id: str, who: Who
) -> dict[int, list[tuple[Participant, User, int, int]]]:
    """Members with their conversation's number of members and smallest pointer; viewer first."""
    conversation = Participant.conversation_id
    ranked = (
        select(
            Participant.conversation_id,
            Participant.user_id,
            func.count().over(partition_by=conversation).label("members"),
            func.min(Participant.last_read_seq).over(partition_by=conversation).label("least"),
            func.row_number()
            .over(
                partition_by=conversation,
                order_by=(
                    (Participant.user_id != viewer_id),
                    Participant.joined_at,
                    Participant.user_id,
                ),
            )
            .label("place"),
        )
        .where(Participant.conversation_id.in_(ids), Participant.left_at.is_(None))
        .subquery()
    )
    query = (
        select(Participant, User, ranked.c.members, ranked.c.least)
        .join(User, User.id == Participant.user_id)
        .join(
            ranked,
            (ranked.c.conversation_id == Participant.conversation_id)
            & (ranked.c.user_id == Participant.user_id),
        )
        .order_by(ranked.c.conversation_id, ranked.c.place)
    )
    if who == "few":
        query = query.where(ranked.c.place <= FEW)
    elif who == "small":
        query = query.where(or_(ranked.c.members <= SMALL, ranked.c.place <= FEW))
    found: dict[int, list[tuple[Participant, User, int, int]]] = defaultdict(list)
    for member, user, members, least in db.session.execute(query):
        found[member.conversation_id].append((member, user, members, least))
    return found


def _last_messages(ids: Sequence[int]) -> dict[int, MessageJson]:
    messages = read_messages(
        messages_where(Conversation.id.in_(ids)).join(
            Conversation,
            (Conversation.id == Message.conversation_id) & (Conversation.last_seq == Message.seq),
        )
    )
    return {message["conversation_id"]: message for message in messages}
