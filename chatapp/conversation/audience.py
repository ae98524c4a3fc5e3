"""Who hears of somebody's coming and going, looking and typing."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from chatapp.conversation.blocks import blocked_with, is_blocked
from chatapp.conversation.reading import SMALL
from chatapp.db import db, snapshot
from chatapp.models import Conversation, Participant


def audience_version(conversation_id: int) -> int | None:
    """The membership version, now, of those who may notice each other in this conversation.

    None where nobody may: across a block, and where the conversation is gone.
    """
    with snapshot():
        conversation = db.session.scalar(
            select(Conversation)
            .where(Conversation.id == conversation_id, Conversation.deleted_at.is_(None))
            .execution_options(populate_existing=True)
        )
        if conversation is None or is_blocked(conversation):
            return None
        return conversation.membership_version


def neighbours(user_id: str) -> set[str]:
    """Everybody who shares a conversation of at most `SMALL` members with this person.

    Without those between whom and this person a block stands.
    """
    mine, theirs = aliased(Participant), aliased(Participant)
    small = (
        select(Participant.conversation_id)
        .where(Participant.left_at.is_(None))
        .group_by(Participant.conversation_id)
        .having(func.count() <= SMALL)
    )
    found = db.session.scalars(
        select(theirs.user_id)
        .join(mine, mine.conversation_id == theirs.conversation_id)
        .join(Conversation, Conversation.id == theirs.conversation_id)
        .where(
            mine.user_id == user_id,
            mine.left_at.is_(None),
            theirs.left_at.is_(None),
            theirs.user_id != user_id,
            Conversation.deleted_at.is_(None),
            theirs.conversation_id.in_(small),
        )
        .distinct()
    )
    return set(found) - blocked_with(user_id)
