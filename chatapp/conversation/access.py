"""The only way to a conversation: what a person may not see is NotFound, as if it didn't exist."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import bindparam, select, tuple_
from sqlalchemy.orm import Session, undefer

from chatapp.core.db import MAX_ID, db
from chatapp.core.errors import Forbidden, NotFound
from chatapp.models import Conversation, Message, Participant, User

# Built once: composing these took each request longer than running them.
_MEMBER = (
    select(Conversation, Participant, User.hide_read_receipts)
    .join(Participant, Participant.conversation_id == Conversation.id)
    .join(User, User.id == Participant.user_id)
    .where(
        Conversation.id == bindparam("conversation_id"),
        Conversation.deleted_at.is_(None),
        Participant.user_id == bindparam("user_id"),
        Participant.left_at.is_(None),
    )
)
_LOCKED = (
    select(Conversation)
    .where(
        Conversation.id.in_(bindparam("ids", expanding=True)),
        Conversation.deleted_at.is_(None),
    )
    .order_by(Conversation.id)
    .with_for_update(key_share=True)
    .options(undefer(Conversation.group_id))
    .execution_options(populate_existing=True)
)
_MEMBERSHIPS = (
    select(Participant, User)
    .join(User, User.id == Participant.user_id)
    .where(
        tuple_(Participant.conversation_id, Participant.user_id).in_(
            bindparam("pairs", expanding=True)
        ),
        Participant.left_at.is_(None),
        User.is_active,
        User.deleted_at.is_(None),
    )
    .execution_options(populate_existing=True)
)

READERS_ONLY = "Only owners and admins can write in this group. You can read and react."


@dataclass(frozen=True, slots=True)
class Access:
    """A conversation, and the caller's membership."""

    conversation: Conversation
    participant: Participant
    #: The caller hides their read receipts, and so can't see those of others.
    hides_receipts: bool


def access_conversation(user_id: str, conversation_id: int, *, lock: bool = False) -> Access:
    """Return the conversation if this person is a member, or raise NotFound.

    With ``lock``, inside `atomic()`, lock its row first and read the membership after the wait, so
    that it still holds when the caller writes.
    """
    if not 1 <= conversation_id <= MAX_ID:
        raise NotFound()
    if lock:
        lock_conversations(db.session(), [conversation_id])
    row = db.session.execute(
        _MEMBER, {"conversation_id": conversation_id, "user_id": user_id}
    ).one_or_none()
    if row is None:
        raise NotFound()
    return Access(*row)


def check_may_write(conversation: Conversation, member: Participant) -> None:
    """Raise Forbidden if this is an announcement group and the member isn't an owner or admin."""
    if conversation.announcements_only and member.member_role == "member":
        raise Forbidden(READERS_ONLY)


@dataclass(frozen=True, slots=True)
class MessageAccess(Access):
    """A message, its conversation, and the caller's membership."""

    message: Message


def access_message(user_id: str, message_id: str, *, lock: bool = False) -> MessageAccess:
    """Return the message if this person is a member of its conversation, or raise NotFound.

    With ``lock``, lock the conversation's row as `access_conversation` does, and read the message
    after the wait.
    """
    conversation_id = db.session.scalar(
        select(Message.conversation_id).where(Message.id == message_id)
    )
    if conversation_id is None:
        raise NotFound()
    access = access_conversation(user_id, conversation_id, lock=lock)
    message = db.session.scalars(
        select(Message).where(Message.id == message_id).execution_options(populate_existing=True)
    ).one()
    return MessageAccess(access.conversation, access.participant, access.hides_receipts, message)


def lock_conversations(work: Session, ids: Collection[int]) -> dict[int, Conversation]:
    """Lock the rows of these conversations until the commit, in the order of their ids.

    After a wait the row is as its last holder committed it. Read everything *beside* the row in a
    later statement: this one's snapshot is from before the wait. Conversations that don't exist are
    left out.
    """
    rows = work.scalars(_LOCKED, {"ids": [id_ for id_ in ids if 1 <= id_ <= MAX_ID]})
    return {conversation.id: conversation for conversation in rows}


def memberships(
    work: Session, pairs: Iterable[tuple[int, str]]
) -> dict[tuple[int, str], tuple[Participant, User]]:
    """Return the memberships among these (conversation, person) pairs, of active people only."""
    rows = work.execute(_MEMBERSHIPS, {"pairs": list(pairs)})
    return {(member.conversation_id, member.user_id): (member, user) for member, user in rows}
