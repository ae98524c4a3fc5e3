"""Read pointers: how far each member has read, and which messages everybody has read.

A member's own pointer is `last_read_seq`; the others see `receipt_seq`, in receipts, in `read_at`
and in the conversation. The two differ after reading across a block, and for members who hide
their read receipts. A message's `read_at` is set once all members who show theirs have read it, if
there are at least two of them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import Session

from chatapp.core.clock import iso
from chatapp.core.db import announce, now
from chatapp.core.events import Members, People
from chatapp.models import Conversation, Message, Participant, User

# Built once: composing these took each request longer than running them.
_MESSAGES_OF_OTHERS = (
    select(Message.id)
    .where(
        Message.conversation_id == bindparam("conversation_id"),
        Message.seq > bindparam("after"),
        Message.seq <= bindparam("up_to"),
        Message.sender_id != bindparam("user_id"),
    )
    .limit(1)
)
_SHOWS_RECEIPTS = ~User.hide_read_receipts
_READ_PROGRESS = (
    select(
        Participant.conversation_id,
        func.count(),
        func.count().filter(_SHOWS_RECEIPTS),
        func.min(Participant.receipt_seq).filter(_SHOWS_RECEIPTS),
    )
    .join(User, User.id == Participant.user_id)
    .where(
        Participant.conversation_id.in_(bindparam("conversation_ids", expanding=True)),
        Participant.left_at.is_(None),
    )
    .group_by(Participant.conversation_id)
)
_SET_READ_AT = (
    update(Message)
    .where(
        Message.conversation_id == bindparam("of_conversation"),
        Message.seq > bindparam("after"),
        Message.seq <= bindparam("up_to"),
        Message.read_at.is_(None),
    )
    .values(read_at=bindparam("moment"), updated_at=Message.updated_at)
    .execution_options(synchronize_session=False)
)

#: In conversations of more members than this, `read_at` stays null.
MAX_MEMBERS_WITH_RECEIPTS = 100


@dataclass(frozen=True, slots=True)
class PointerMove:
    """A member has read up to ``seq``. Their conversation's row is locked."""

    conversation: Conversation
    member: Participant
    seq: int
    #: The others don't see it: there is a block, or this member hides their read receipts.
    private: bool = False
    #: This member wrote the message at ``seq``.
    own_message: bool = False


def move_pointers(work: Session, moves: Iterable[PointerMove]) -> None:
    """Move each pointer forward to its ``seq``; a pointer never moves back.

    A move that isn't private shows the others all that this member has read by now, and sets
    `read_at` of messages that everybody has now read. Moving past a message of somebody else is
    announced by `message:read`. Moving to your own message alone isn't: a lively conversation
    would announce every message twice.
    """
    moment = now()
    for move in moves:
        member = move.member
        before = member.last_read_seq if move.private else member.receipt_seq
        if move.seq <= before:
            continue
        member.last_read_seq = max(move.seq, member.last_read_seq)
        if not move.private:
            member.receipt_seq = member.last_read_seq
        work.flush()
        # Skip the query: the sender had usually read everything before.
        if (move.own_message and move.seq == before + 1) or not _passed_others(
            work, member, before
        ):
            continue
        members = Members(member.conversation_id, move.conversation.membership_version)
        shared = not move.private and _set_read_at(work, member.conversation_id, before, moment)
        announce(
            "message:read",
            {
                "conversation_id": member.conversation_id,
                "user_id": member.user_id,
                "seq": member.last_read_seq,
                "read_at": iso(moment),
            },
            to=members if shared else People(frozenset((member.user_id,))),
        )


def start_pointer_at(member: Participant, seq: int) -> None:
    """Count everything up to ``seq`` as read by this member."""
    member.last_read_seq = member.receipt_seq = seq


def advance_if_next(member: Participant, seq: int) -> None:
    """Count the newest message, at ``seq``, as read if this member had read all before it."""
    if member.last_read_seq == seq - 1:
        member.last_read_seq = seq
    if member.receipt_seq == seq - 1:
        member.receipt_seq = seq


def hide_receipts(work: Session, user_id: str, conversations: Collection[int]) -> None:
    """Stop waiting for this person, who hides their read receipts from now on.

    ``conversations`` are all of theirs; the rows are locked.
    """
    own = select(Participant.conversation_id, Participant.receipt_seq).where(
        Participant.user_id == user_id, Participant.conversation_id.in_(conversations)
    )
    before = {row.conversation_id: row.receipt_seq for row in work.execute(own)}
    moment = now()
    for progress in _read_progress(work, conversations):
        _set_read_at_from(work, progress, before[progress.conversation_id], moment)


def show_receipts(work: Session, direct_ids: Collection[int]) -> None:
    """Set `read_at` in one-to-one conversations of a person who shows their receipts again.

    Each of the two learns what the other read in the meantime, if both show their receipts. The
    conversations' rows are locked. In groups the others see it when this person next reads.
    """
    open_ids = [
        progress.conversation_id
        for progress in _read_progress(work, direct_ids)
        if progress.showing == 2
    ]
    read_by_both = select(func.min(Participant.receipt_seq)).where(
        Participant.conversation_id == Message.conversation_id
    )
    work.execute(
        update(Message)
        .where(
            Message.conversation_id.in_(open_ids),
            Message.read_at.is_(None),
            Message.seq <= read_by_both.scalar_subquery(),
        )
        .values(read_at=now(), updated_at=Message.updated_at)
        .execution_options(synchronize_session=False)
    )


def stop_waiting_for(work: Session, former: Participant) -> None:
    """Set `read_at` of messages that only this member, who has left, hadn't read."""
    _set_read_at(work, former.conversation_id, former.receipt_seq, now())


def _passed_others(work: Session, member: Participant, before: int) -> bool:
    """Check whether the member's pointer moved past a message of somebody else."""
    values = {
        "conversation_id": member.conversation_id,
        "after": before,
        "up_to": member.last_read_seq,
        "user_id": member.user_id,
    }
    return work.scalar(_MESSAGES_OF_OTHERS, values) is not None


class _ReadProgress(NamedTuple):
    """How far the members of a conversation have read, as far as they show it."""

    conversation_id: int
    members: int
    #: The number of members who show their receipts, and the smallest of their pointers.
    showing: int
    read_by_all: int | None


def _read_progress(work: Session, conversation_ids: Collection[int]) -> list[_ReadProgress]:
    rows = work.execute(_READ_PROGRESS, {"conversation_ids": list(conversation_ids)})
    return [_ReadProgress(*row) for row in rows]


def _set_read_at(work: Session, conversation_id: int, before: int, moment: datetime) -> bool:
    """Set `read_at` of messages after ``before`` that everybody has read.

    Returns whether the conversation is small enough for receipts.
    """
    for progress in _read_progress(work, [conversation_id]):
        _set_read_at_from(work, progress, before, moment)
        return progress.members <= MAX_MEMBERS_WITH_RECEIPTS
    return True


def _set_read_at_from(
    work: Session, progress: _ReadProgress, before: int, moment: datetime
) -> None:
    conversation_id, members, showing, read_by_all = progress
    only_the_author_shows = showing < 2 and members > showing
    if members > MAX_MEMBERS_WITH_RECEIPTS or only_the_author_shows:
        return
    if read_by_all is None or read_by_all <= before:
        return
    work.execute(
        _SET_READ_AT,
        {
            "of_conversation": conversation_id,
            "after": before,
            "up_to": read_by_all,
            "moment": moment,
        },
    )
