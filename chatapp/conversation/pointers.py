"""How far each member has read, and which messages everybody has.

A member's own pointer is `last_read_seq`; the others see `receipt_seq` of it, in receipts, in
`read_at` and in the conversation. The two differ after reading across a block, and where somebody
hides what they read. Nobody waits for whoever hides it: `read_at` is set once those have read who
don't, if there are two of them.
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
_PASSED = (
    select(Message.id)
    .where(
        Message.conversation_id == bindparam("conversation_id"),
        Message.seq > bindparam("before"),
        Message.seq <= bindparam("seq"),
        Message.sender_id != bindparam("user_id"),
    )
    .limit(1)
)
_SHOWS = ~User.hide_read_receipts
_STANDING = (
    select(
        Participant.conversation_id,
        func.count(),
        func.count().filter(_SHOWS),
        func.min(Participant.receipt_seq).filter(_SHOWS),
    )
    .join(User, User.id == Participant.user_id)
    .where(
        Participant.conversation_id.in_(bindparam("conversation_ids", expanding=True)),
        Participant.left_at.is_(None),
    )
    .group_by(Participant.conversation_id)
)
_NOTE_READ = (
    update(Message)
    .where(
        Message.conversation_id == bindparam("of_conversation"),
        Message.seq > bindparam("before"),
        Message.seq <= bindparam("least"),
        Message.read_at.is_(None),
    )
    .values(read_at=bindparam("moment"), updated_at=Message.updated_at)
    .execution_options(synchronize_session=False)
)

#: In conversations of more members than this `read_at` stays null.
RECEIPTS_MOST_MEMBERS = 100


@dataclass(frozen=True, slots=True)
class Move:
    """Someone has read up to ``seq``. Their conversation's row is locked.

    ``private``: because of a block, or because this member hides it, the others don't come to know.
    """

    conversation: Conversation
    member: Participant
    seq: int
    private: bool = False
    #: The message at ``seq`` is this member's.
    own: bool = False


def move_pointers(work: Session, moves: Iterable[Move]) -> None:
    """Each pointer stands at its move's ``seq``, if that is ahead of where it stood.

    Unless the move is private, the others may know of all that this member has read by now.
    Messages that the last of the other members has read by this get their `read_at`. Whoever
    passed someone else's messages is announced by `message:read`; one's own message passes
    nothing, which keeps a lively conversation from announcing every message twice.
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
        # Mostly who writes had read everything before: there was nothing else to pass.
        if (move.own and move.seq == before + 1) or not _passed_others(work, member, before):
            continue
        members = Members(member.conversation_id, move.conversation.membership_version)
        shared = not move.private and _settle(work, member.conversation_id, before, moment)
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


def start_at(member: Participant, seq: int) -> None:
    """To this member everything up to ``seq`` is no news."""
    member.last_read_seq = member.receipt_seq = seq


def know_next(member: Participant, seq: int) -> None:
    """The message at ``seq``, the newest, is no news to this member, if those before it aren't."""
    if member.last_read_seq == seq - 1:
        member.last_read_seq = seq
    if member.receipt_seq == seq - 1:
        member.receipt_seq = seq


def hide_receipts(work: Session, user_id: str, conversations: Collection[int]) -> None:
    """This person hides what they read, from now on: nobody waits for them any more.

    Of ``conversations``, all of theirs, the rows are locked.
    """
    own = select(Participant.conversation_id, Participant.receipt_seq).where(
        Participant.user_id == user_id, Participant.conversation_id.in_(conversations)
    )
    before = {row.conversation_id: row.receipt_seq for row in work.execute(own)}
    moment = now()
    for standing in _standing(work, conversations):
        _note_read(work, standing, before[standing.conversation_id], moment)


def show_receipts(work: Session, direct_ids: Collection[int]) -> None:
    """Somebody hides no more what they read, from now on: the others see it with the next reading.

    What was read meanwhile in these one-to-one conversations of theirs, whose rows are locked, is
    known between two who both show it: to the one as to the other.
    """
    open_ids = [one.conversation_id for one in _standing(work, direct_ids) if one.showing == 2]
    least = select(func.min(Participant.receipt_seq)).where(
        Participant.conversation_id == Message.conversation_id
    )
    work.execute(
        update(Message)
        .where(
            Message.conversation_id.in_(open_ids),
            Message.read_at.is_(None),
            Message.seq <= least.scalar_subquery(),
        )
        .values(read_at=now(), updated_at=Message.updated_at)
        .execution_options(synchronize_session=False)
    )


def settle_after_leaving(work: Session, left: Participant) -> None:
    """Nobody waits any more for the one who left."""
    _settle(work, left.conversation_id, left.receipt_seq, now())


def _passed_others(work: Session, member: Participant, before: int) -> bool:
    stretch = {
        "conversation_id": member.conversation_id,
        "before": before,
        "seq": member.last_read_seq,
        "user_id": member.user_id,
    }
    return work.scalar(_PASSED, stretch) is not None


class _Standing(NamedTuple):
    """How far a conversation's members have read, as they may know of each other."""

    conversation_id: int
    members: int
    #: How many of them show what they read, and the smallest pointer of those.
    showing: int
    least: int | None


def _standing(work: Session, conversation_ids: Collection[int]) -> list[_Standing]:
    rows = work.execute(_STANDING, {"conversation_ids": list(conversation_ids)})
    return [_Standing(*row) for row in rows]


def _settle(work: Session, conversation_id: int, before: int, moment: datetime) -> bool:
    """Set `read_at` where the smallest receipt, once at ``before`` or below, has moved past.

    Whether the conversation is small enough for receipts at all.
    """
    for standing in _standing(work, [conversation_id]):
        _note_read(work, standing, before, moment)
        return standing.members <= RECEIPTS_MOST_MEMBERS
    return True


def _note_read(work: Session, standing: _Standing, before: int, moment: datetime) -> None:
    conversation_id, members, showing, least = standing
    alone = showing < 2 and members > showing  # nobody but the author is left who would count
    if members > RECEIPTS_MOST_MEMBERS or alone or least is None or least <= before:
        return
    work.execute(
        _NOTE_READ,
        {
            "of_conversation": conversation_id,
            "before": before,
            "least": least,
            "moment": moment,
        },
    )
