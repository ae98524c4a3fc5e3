"""How far each member has read, and which messages everybody has.

A member's own pointer is `last_read_seq`; the others see `receipt_seq` of it, in receipts, in
`read_at` and in the conversation. The two differ only after reading across a block.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from chatapp.db import announce, now
from chatapp.models import Conversation, Message, Participant
from chatapp.times import iso

#: In conversations of more members than this `read_at` stays null.
RECEIPTS_MOST_MEMBERS = 100


@dataclass(frozen=True, slots=True)
class Move:
    """Someone has read up to ``seq``. Their conversation's row is locked.

    ``private``: because of a block the others don't come to know.
    """

    conversation: Conversation
    member: Participant
    seq: int
    private: bool = False


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
        if not _passed_others(work, member, before):
            continue
        shared = not move.private and _settle(work, member.conversation_id, before, moment)
        announce(
            "message:read",
            {
                "conversation_id": member.conversation_id,
                "user_id": member.user_id,
                "seq": member.last_read_seq,
                "read_at": iso(moment),
            },
            conversation_id=member.conversation_id if shared else None,
            membership_version=move.conversation.membership_version,
            user_ids=frozenset() if shared else frozenset((member.user_id,)),
        )


def start_at(member: Participant, seq: int) -> None:
    """To this member everything up to ``seq`` is no news."""
    member.last_read_seq = member.receipt_seq = seq


def settle_after_leaving(work: Session, left: Participant) -> None:
    """Nobody waits any more for the one who left."""
    _settle(work, left.conversation_id, left.receipt_seq, now())


def _passed_others(work: Session, member: Participant, before: int) -> bool:
    return (
        work.scalar(
            select(Message.id)
            .where(
                Message.conversation_id == member.conversation_id,
                Message.seq > before,
                Message.seq <= member.last_read_seq,
                Message.sender_id != member.user_id,
            )
            .limit(1)
        )
        is not None
    )


def _settle(work: Session, conversation_id: int, before: int, moment: datetime) -> bool:
    """Set `read_at` where the smallest receipt, once at ``before`` or below, has moved past.

    Whether the conversation is small enough for receipts at all.
    """
    least, members = work.execute(
        select(func.min(Participant.receipt_seq), func.count()).where(
            Participant.conversation_id == conversation_id, Participant.left_at.is_(None)
        )
    ).one()
    if members > RECEIPTS_MOST_MEMBERS:
        return False
    if members and least > before:
        work.execute(
            update(Message)
            .where(
                Message.conversation_id == conversation_id,
                Message.seq > before,
                Message.seq <= least,
                Message.read_at.is_(None),
            )
            .values(read_at=moment, updated_at=Message.updated_at)
            .execution_options(synchronize_session=False)
        )
    return True
