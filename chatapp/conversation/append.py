"""The only way to store messages.

Three steps in one transaction, for one draft as for a thousand:

1. lock the conversations, in the order of their ids;
2. *then*, in statements of their own whose snapshot is taken after the wait, read who is a member
   and which `client_id`s were seen before, and settle each draft: stored before, refused, or new;
3. move `last_seq` and `version` and insert.

One statement that locks, checks and inserts would read members and repeats from before its wait:
it stores a message after its sender's removal, and leaves a gap where a repeat was committed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from chatapp.conversation.access import lock_conversations, memberships
from chatapp.conversation.pointers import Move, move_pointers
from chatapp.conversation.presenters import MessageJson, message_json
from chatapp.db import announce, atomic, now, uuid7
from chatapp.errors import ChatError, NotFound
from chatapp.models import Conversation, Message, User


@dataclass(frozen=True, slots=True)
class Draft:
    """A message that someone wants to add to a conversation."""

    conversation_id: int
    sender_id: str
    content: str
    type: str = "text"
    client_id: str | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """A message as it stands; ``created`` is False for a repeat of one stored before."""

    message: MessageJson
    created: bool


_Key = tuple[int, str, str]


def append_messages(drafts: Sequence[Draft]) -> list[Stored | ChatError]:
    """Each draft is stored once, at the next place of its conversation; in the order given.

    Answers for each draft the message, or why it is refused; a refusal takes no place and harms
    no other draft. Senders' read pointers move to their messages. `message:received` goes out
    for each new message after the commit.
    """
    with atomic() as work:
        conversations = lock_conversations(work, {draft.conversation_id for draft in drafts})
        possible = [draft for draft in drafts if draft.conversation_id in conversations]
        members = memberships(work, {(d.conversation_id, d.sender_id) for d in possible})
        seen = _stored_before(work, possible)
        outcomes: list[Stored | ChatError] = []
        moves: dict[tuple[int, str], Move] = {}
        for draft in drafts:
            place = draft.conversation_id, draft.sender_id
            conversation = conversations.get(draft.conversation_id)
            if conversation is None or place not in members:
                outcomes.append(NotFound())
                continue
            key = _key(draft)
            if key is not None and key in seen:
                outcomes.append(Stored(seen[key], created=False))
                continue
            member, sender = members[place]
            message = _take_place(conversation, draft)
            work.add(message)
            payload = message_json(message, sender)
            outcomes.append(Stored(payload, created=True))
            if key is not None:
                seen[key] = payload
            moves[place] = Move(member, message.seq)
        work.flush()
        move_pointers(work, moves.values())
        for outcome in outcomes:
            if isinstance(outcome, Stored) and outcome.created:
                _announce(outcome.message)
    return outcomes


def _key(draft: Draft) -> _Key | None:
    if draft.client_id is None:
        return None
    return draft.conversation_id, draft.sender_id, draft.client_id


def _stored_before(work: Session, drafts: Sequence[Draft]) -> dict[_Key, MessageJson]:
    keys = [key for draft in drafts if (key := _key(draft))]
    if not keys:
        return {}
    rows = work.execute(
        select(Message, User)
        .join(User, User.id == Message.sender_id)
        .where(tuple_(Message.conversation_id, Message.sender_id, Message.client_id).in_(keys))
    )
    return {
        (message.conversation_id, message.sender_id, message.client_id or ""): message_json(
            message, sender
        )
        for message, sender in rows
    }


def _take_place(conversation: Conversation, draft: Draft) -> Message:
    moment = now()
    conversation.last_seq += 1
    conversation.version += 1
    conversation.active_at = moment
    return Message(
        id=uuid7(),
        conversation_id=conversation.id,
        seq=conversation.last_seq,
        version=conversation.version,
        sender_id=draft.sender_id,
        client_id=draft.client_id,
        type=draft.type,
        content=draft.content,
        created_at=moment,
        updated_at=moment,
    )


def _announce(message: MessageJson) -> None:
    announce(
        "message:received",
        dict(message),
        conversation_id=message["conversation_id"],
        version=message["version"],
    )
