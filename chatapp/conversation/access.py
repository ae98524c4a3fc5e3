"""The only way in. What someone may not see is not found, whether or not it exists."""

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
    """A conversation, and the place in it of whoever asked."""

    conversation: Conversation
    participant: Participant
    #: Whether they hide what they read, and so don't learn it of others.
    hides_receipts: bool


def access_conversation(user_id: str, conversation_id: int, *, lock: bool = False) -> Access:
    """The conversation, if this person is a member of it at this moment.

    With ``lock``, inside `atomic()`, its row is locked first and the membership read after the
    wait, so that it still holds when the caller writes. Raises NotFound.
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
    """This member may write here: in a group for announcements its owners and admins do.

    Raises Forbidden.
    """
    if conversation.announcements_only and member.member_role == "member":
        raise Forbidden(READERS_ONLY)


@dataclass(frozen=True, slots=True)
class MessageAccess(Access):
    """A message, its conversation, and the place there of whoever asked."""

    message: Message


def access_message(user_id: str, message_id: str, *, lock: bool = False) -> MessageAccess:
    """The message, if this person is a member of its conversation at this moment.

    With ``lock`` the conversation's row is locked as in `access_conversation`, and the message is
    read after the wait. Raises NotFound.
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
    """The rows of these conversations, locked in the order of their ids until the commit.

    A waiting lock sees the row as its holder committed it. What is read *beside* the row must be
    read by a later statement: this one's snapshot is from before the wait.
    """
    rows = work.scalars(_LOCKED, {"ids": [id_ for id_ in ids if 1 <= id_ <= MAX_ID]})
    return {conversation.id: conversation for conversation in rows}


def memberships(
    work: Session, pairs: Iterable[tuple[int, str]]
) -> dict[tuple[int, str], tuple[Participant, User]]:
    """Of these (conversation, person) pairs those that are memberships now, of active people."""
    rows = work.execute(_MEMBERSHIPS, {"pairs": list(pairs)})
    return {(member.conversation_id, member.user_id): (member, user) for member, user in rows}
