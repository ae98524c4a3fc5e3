"""The only way to store messages.

Three steps in one transaction, for one draft as for a thousand:

1. lock the conversations, in the order of their ids;
2. *then*, in statements of their own whose snapshot is taken after the wait, read who is a member,
   who blocks whom, who is mentioned and which `client_id`s were seen before, and settle each draft:
   stored before, refused, or new;
3. move `last_seq` and `version` and insert.

One statement that locks, checks and inserts would read members and repeats from before its wait:
it stores a message after its sender's removal, and leaves a gap where a repeat was committed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import bindparam, select, tuple_
from sqlalchemy.orm import Session

from chatapp.conversation.access import check_may_write, lock_conversations, memberships
from chatapp.conversation.blocks import blocked_or_gone, pair_of
from chatapp.conversation.mentions import (
    Mentions,
    Roster,
    Written,
    announce_mentions,
    store_mentions,
)
from chatapp.conversation.pointers import Move, know_next, move_pointers
from chatapp.conversation.presenters import MessageJson, message_json, without_receipts
from chatapp.conversation.queries import Addressed, messages_where, read_messages
from chatapp.core.db import announce, atomic, now, uuid7
from chatapp.core.errors import (
    ChatError,
    Conflict,
    Forbidden,
    NotFound,
    RateLimited,
    ValidationFailed,
)
from chatapp.core.events import Members
from chatapp.models import Conversation, Message, Participant, User
from chatapp.security import rate_limits

# Built once: composing these took each message longer than running them.
_STORED_BEFORE = messages_where(
    tuple_(Message.conversation_id, Message.sender_id, Message.client_id).in_(
        bindparam("keys", expanding=True)
    )
)
_ANSWERED = select(Message.conversation_id, Message.id).where(
    Message.id.in_(bindparam("ids", expanding=True))
)


@dataclass(frozen=True, slots=True)
class Draft:
    """A message that someone wants to add to a conversation."""

    conversation_id: int
    sender_id: str
    content: str
    type: str = "text"
    client_id: str | None = None
    reply_to: str | None = None
    #: That it tells very many people is meant.
    mention_all: bool = False


@dataclass(frozen=True, slots=True)
class Stored:
    """A message as it stands; ``created`` is False for a repeat of one stored before."""

    message: MessageJson
    created: bool


class _New(NamedTuple):
    message: Message
    payload: MessageJson
    mentions: Mentions
    told: frozenset[str]


_Key = tuple[int, str, str]
_Place = tuple[int, str]


def append_messages(drafts: Sequence[Draft]) -> list[Stored | ChatError]:
    """Each draft is stored once, at the next place of its conversation; in the order given.

    Answers for each draft the message, or why it is refused; a refusal takes no place and harms
    no other draft. Senders' read pointers move to their messages. `message:received` goes out
    for each new message after the commit, then `user:mentioned` to those whom it mentions.
    """
    with atomic() as work:
        conversations = lock_conversations(work, {draft.conversation_id for draft in drafts})
        possible = [draft for draft in drafts if draft.conversation_id in conversations]
        members = memberships(work, {(d.conversation_id, d.sender_id) for d in possible})
        seen = _stored_before(possible)
        closed = closed_conversations(work, conversations.values())
        answered = _answered(work, possible)
        roster = Roster(work, [_written(draft, conversations) for draft in possible])
        outcomes: list[Stored | ChatError] = []
        moves: dict[_Place, Move] = {}
        new: list[_New] = []
        for draft in drafts:
            place = draft.conversation_id, draft.sender_id
            key = _key(draft)
            if place not in members:
                outcomes.append(NotFound())
            elif key is not None and key in seen:
                found, hides = seen[key], members[place][1].hide_read_receipts
                found = without_receipts(found) if hides else found
                outcomes.append(Stored(found, created=False))
            elif draft.conversation_id in closed:
                outcomes.append(closed[draft.conversation_id])
            elif refused := _refused(conversations[draft.conversation_id], members[place][0]):
                outcomes.append(refused)
            elif (limited := _limited(draft.sender_id)) is not None:
                outcomes.append(limited)
            elif (
                draft.reply_to is not None
                and (draft.conversation_id, draft.reply_to) not in answered
            ):
                fields = {"reply_to": "There is no such message in this conversation."}
                outcomes.append(ValidationFailed(fields=fields))
            elif (unmeant := roster.unconfirmed(_written(draft, conversations))) is not None:
                outcomes.append(unmeant)
            else:
                member, sender = members[place]
                stored = _store(work, draft, sender, _written(draft, conversations), roster)
                seq, private = stored.message.seq, sender.hide_read_receipts
                moves[place] = Move(conversations[place[0]], member, seq, private, own=True)
                outcomes.append(Stored(stored.payload, created=True))
                new.append(stored)
                if key is not None:
                    seen[key] = stored.payload
        work.flush()
        store_mentions(work, ((one.message, one.mentions) for one in new))
        move_pointers(work, moves.values())
        for one in new:
            conversation = conversations[one.message.conversation_id]
            _announce(one.payload, conversation)
            announce_mentions(one.message, conversation, one.told)
    return outcomes


def append_system_message(conversation: Conversation, actor: User, text: str) -> MessageJson:
    """What ``actor`` did, in words, at the next place. The conversation's row is locked.

    To the actor it is no news: whoever had read everything before has read this too.
    """
    with atomic() as work:
        draft = Draft(conversation.id, actor.id, text, type="system")
        message = _take_place(conversation, draft)
        work.add(message)
        member = work.get(Participant, (conversation.id, actor.id))
        if member is not None:
            know_next(member, message.seq)
        work.flush()
        payload = message_json(message, actor)
        _announce(payload, conversation)
        return payload


def _refused(conversation: Conversation, member: Participant) -> Forbidden | None:
    """Why this member may not write here; asked of no more than what was read under the lock."""
    try:
        check_may_write(conversation, member)
    except Forbidden as error:
        return error
    return None


def _limited(sender_id: str) -> RateLimited | None:
    """Why this person has to wait. Asked only for what isn't a repeat: those are free."""
    try:
        rate_limits.check_message(sender_id)
    except RateLimited as error:
        return error
    return None


def _written(draft: Draft, conversations: Mapping[int, Conversation]) -> Written:
    """What of the draft may mention somebody: only text does."""
    words = draft.content if draft.type == "text" else ""
    conversation = conversations[draft.conversation_id]
    return Written(conversation, draft.sender_id, words, draft.mention_all)


def _store(work: Session, draft: Draft, sender: User, written: Written, roster: Roster) -> _New:
    mentions = roster.mentions(written)
    message = _take_place(written.conversation, draft)
    message.mentions_all = mentions.everybody
    work.add(message)
    payload = message_json(message, sender, mentions=mentions.people)
    return _New(message, payload, mentions, roster.told(written))


def _key(draft: Draft) -> _Key | None:
    if draft.client_id is None:
        return None
    return draft.conversation_id, draft.sender_id, draft.client_id


def _stored_before(drafts: Sequence[Draft]) -> dict[_Key, MessageJson]:
    keys = [key for draft in drafts if (key := _key(draft))]
    if not keys:
        return {}
    found = read_messages(_STORED_BEFORE, keys=keys)
    return {(m["conversation_id"], m["sender_id"], m["client_id"] or ""): m for m in found}


def closed_conversations(
    work: Session, conversations: Collection[Conversation]
) -> dict[int, ChatError]:
    """One-to-one conversations in which nobody can write, and why: a block, or one is gone."""
    pairs = {one.id: pair for one in conversations if (pair := pair_of(one))}
    if not pairs:
        return {}
    people = frozenset().union(*pairs.values())
    blocked, gone = blocked_or_gone(work, people)
    closed: dict[int, ChatError] = {}
    for id_, pair in pairs.items():
        if pair & gone:
            closed[id_] = Conflict("This account is deleted: the conversation can only be read.")
        elif pair in blocked:
            closed[id_] = Forbidden("You can't write to each other while one blocks the other.")
    return closed


def _answered(work: Session, drafts: Sequence[Draft]) -> set[tuple[int, str]]:
    """Of the messages that drafts reply to those that exist, each with its conversation."""
    ids = {draft.reply_to for draft in drafts if draft.reply_to is not None}
    if not ids:
        return set()
    rows = work.execute(_ANSWERED, {"ids": list(ids)})
    return {(row.conversation_id, row.id) for row in rows}


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
        reply_to_id=draft.reply_to,
        mentions_all=False,
        created_at=moment,
        updated_at=moment,
    )


def _announce(message: MessageJson, conversation: Conversation) -> None:
    addressed = Addressed.of(conversation)
    announce(
        "message:received",
        dict(message),
        to=Members(conversation.id, conversation.membership_version),
        version=message["version"],
        facts={
            "group_id": addressed.group_id,
            "receiver_id": addressed.receiver(message["sender_id"]),
        },
    )
