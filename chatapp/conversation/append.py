"""The only way to store messages.

One transaction has three steps, for one draft as for a thousand:

1. lock the conversations, in the order of their ids;
2. *then*, in separate statements whose snapshots are taken after the wait, read members, blocks,
   mentions and the `client_id`s that were stored before, and decide on each draft: stored before,
   refused, or new;
3. move `last_seq` and `version`, and insert.

A single statement that locks, checks and inserts would read members and repeats as of before its
wait: it would store a message after its sender's removal, and leave a gap where a repeat was
committed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import bindparam, select, tuple_
from sqlalchemy.orm import Session

from chatapp.conversation.access import check_may_write, lock_conversations, memberships
from chatapp.conversation.addressing import Addressed
from chatapp.conversation.direct import closed_conversations
from chatapp.conversation.mentions import (
    MentionResolver,
    Mentions,
    MentionText,
    announce_mentions,
    store_mentions,
)
from chatapp.conversation.messages import messages_where, read_messages
from chatapp.conversation.pointers import PointerMove, advance_if_next, move_pointers
from chatapp.conversation.presenters import MessageJson, message_json, without_receipts
from chatapp.core.db import announce, atomic, now, uuid7
from chatapp.core.errors import ChatError, NotFound, ValidationFailed
from chatapp.core.events import Members
from chatapp.models import Conversation, Message, Participant, User

# Built once: composing these took each message longer than running them.
_STORED_BEFORE = messages_where(
    tuple_(Message.conversation_id, Message.sender_id, Message.client_id).in_(
        bindparam("keys", expanding=True)
    )
)
_REPLY_TARGETS = select(Message.conversation_id, Message.id).where(
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
    #: The sender confirmed that @all may notify many people.
    mention_all: bool = False


@dataclass(frozen=True, slots=True)
class Stored:
    """A stored message; ``created`` is False if it was stored before."""

    message: MessageJson
    created: bool


class _New(NamedTuple):
    """A message to insert, and what follows from it."""

    message: Message
    payload: MessageJson
    mentions: Mentions
    recipients: frozenset[str]
    move: PointerMove


_Key = tuple[int, str, str]


def unlimited(sender_id: str) -> None:
    """Refuse nothing: a rate-limit check for `append_messages`."""


def append_messages(
    drafts: Sequence[Draft], check_rate: Callable[[str], None] = unlimited
) -> list[Stored | ChatError]:
    """Store each draft once, in the order given, each at the next place of its conversation.

    Returns for each draft the stored message, or the reason why it is refused; a refused draft
    takes no place and doesn't affect the others. ``check_rate`` gets the sender's id, and raises
    RateLimited to refuse a draft; it isn't called for repeats. Senders' read pointers move to
    their messages. Each new message is announced by `message:received` after the commit, and then
    by `user:mentioned` to the people it mentions.
    """
    texts = [_mention_text(draft) for draft in drafts]
    with atomic() as work:
        batch = _Batch(work, drafts, texts)
        outcomes: list[Stored | ChatError] = []
        for draft, text in zip(drafts, texts, strict=True):
            try:
                outcomes.append(batch.append(draft, text, check_rate))
            except ChatError as error:
                outcomes.append(error.with_traceback(None))  # which would keep this frame alive
        batch.finish()
    return outcomes


def append_system_message(conversation: Conversation, actor: User, text: str) -> MessageJson:
    """Store a sentence about what ``actor`` did. The conversation's row is locked.

    The actor has read it if they had read everything before it.
    """
    with atomic() as work:
        message = _next_message(conversation, Draft(conversation.id, actor.id, text, type="system"))
        work.add(message)
        member = work.get(Participant, (conversation.id, actor.id))
        if member is not None:
            advance_if_next(member, message.seq)
        work.flush()
        payload = message_json(message, actor)
        _announce(payload, conversation)
        return payload


class _Batch:
    """The drafts of one call, with all they depend on. Making one locks their conversations."""

    def __init__(
        self, work: Session, drafts: Sequence[Draft], texts: Sequence[MentionText]
    ) -> None:
        self._work = work
        self._conversations = lock_conversations(work, {draft.conversation_id for draft in drafts})
        found = [draft for draft in drafts if draft.conversation_id in self._conversations]
        self._members = memberships(work, {(d.conversation_id, d.sender_id) for d in found})
        self._stored = _stored_before(found)
        self._closed = closed_conversations(work, self._conversations.values())
        self._reply_targets = _reply_targets(work, found)
        self._resolver = MentionResolver(
            work,
            self._conversations,
            [text for text in texts if text.conversation_id in self._conversations],
        )
        self._new: list[_New] = []

    def append(self, draft: Draft, text: MentionText, check_rate: Callable[[str], None]) -> Stored:
        """Return the message of this draft, new or stored before; raise ChatError to refuse it."""
        membership = self._members.get((draft.conversation_id, draft.sender_id))
        if membership is None:
            raise NotFound()
        member, sender = membership
        key = _key(draft)
        if key is not None and (repeated := self._stored.get(key)) is not None:
            shown = without_receipts(repeated) if sender.hide_read_receipts else repeated
            return Stored(shown, created=False)
        if draft.conversation_id in self._closed:
            raise self._closed[draft.conversation_id]
        conversation = self._conversations[draft.conversation_id]
        check_may_write(conversation, member)
        check_rate(draft.sender_id)  # before the content: a wrong reply counts as an attempt
        reply_to = draft.conversation_id, draft.reply_to
        if draft.reply_to is not None and reply_to not in self._reply_targets:
            raise ValidationFailed(fields={"reply_to": "That message isn't in this conversation."})
        self._resolver.check_confirmed(text)
        new = self._add(conversation, member, sender, draft, text)
        if key is not None:
            self._stored[key] = new.payload
        return Stored(new.payload, created=True)

    def finish(self) -> None:
        """Insert the new messages, move their senders' pointers, and announce them."""
        self._work.flush()
        store_mentions(self._work, ((new.message, new.mentions) for new in self._new))
        # One move per sender and conversation: to the last message of each.
        last = {
            (new.payload["conversation_id"], new.payload["sender_id"]): new for new in self._new
        }
        move_pointers(self._work, [new.move for new in last.values()])
        for new in self._new:
            _announce(new.payload, new.move.conversation)
            announce_mentions(new.message, new.move.conversation, new.recipients)

    def _add(
        self,
        conversation: Conversation,
        member: Participant,
        sender: User,
        draft: Draft,
        text: MentionText,
    ) -> _New:
        mentions = self._resolver.mentions(text)
        message = _next_message(conversation, draft)
        message.mentions_all = mentions.everybody
        self._work.add(message)
        payload = message_json(message, sender, mentions=mentions.people)
        private = sender.hide_read_receipts
        move = PointerMove(conversation, member, message.seq, private, own_message=True)
        new = _New(message, payload, mentions, self._resolver.recipients(text), move)
        self._new.append(new)
        return new


def _mention_text(draft: Draft) -> MentionText:
    """Parse the text of a draft; only messages of type text mention people."""
    content = draft.content if draft.type == "text" else ""
    return MentionText.parse(
        draft.conversation_id, draft.sender_id, content, confirmed=draft.mention_all
    )


def _key(draft: Draft) -> _Key | None:
    if draft.client_id is None:
        return None
    return draft.conversation_id, draft.sender_id, draft.client_id


def _stored_before(drafts: Sequence[Draft]) -> dict[_Key, MessageJson]:
    """Return the messages that were stored with the same client ids."""
    keys = [key for draft in drafts if (key := _key(draft))]
    if not keys:
        return {}
    found = read_messages(_STORED_BEFORE, keys=keys)
    return {(m["conversation_id"], m["sender_id"], m["client_id"] or ""): m for m in found}


def _reply_targets(work: Session, drafts: Sequence[Draft]) -> set[tuple[int, str]]:
    """Return the messages that the drafts reply to, as (conversation id, message id) pairs."""
    ids = {draft.reply_to for draft in drafts if draft.reply_to is not None}
    if not ids:
        return set()
    rows = work.execute(_REPLY_TARGETS, {"ids": list(ids)})
    return {(row.conversation_id, row.id) for row in rows}


def _next_message(conversation: Conversation, draft: Draft) -> Message:
    """Move the conversation's heads and return the message that takes the next place."""
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
