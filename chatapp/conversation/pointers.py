"""How far each member has read, and which messages everybody has."""

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

    ``private``: no receipt reaches the others, because of a block.
    """

    conversation: Conversation
    member: Participant
    seq: int
    private: bool = False


def move_pointers(work: Session, moves: Iterable[Move]) -> None:
    """Each pointer stands at its move's ``seq``, if that is ahead of where it stood.

    Messages that the last of the other members has read by this get their `read_at`. Whoever
    passed someone else's messages is announced by `message:read`; one's own message passes
    nothing, which keeps a lively conversation from announcing every message twice.
    """
    moment = now()
    for move in moves:
        before, member = move.member.last_read_seq, move.member
        if move.seq <= before:
            continue
        member.last_read_seq = move.seq
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


def settle_after_leaving(work: Session, conversation_id: int, pointer: int) -> None:
    """Nobody waits any more for the one who left with this pointer."""
    _settle(work, conversation_id, pointer, now())


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
    """Set `read_at` where the smallest pointer, once at ``before`` or below, has moved past.

    Whether the conversation is small enough for receipts at all.
    """
    least, members = work.execute(
        select(func.min(Participant.last_read_seq), func.count()).where(
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
