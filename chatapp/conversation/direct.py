"""One-to-one conversations: their two people, and when nobody can write in them."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select, union_all
from sqlalchemy.orm import Session

from chatapp.conversation.blocks import BLOCKS_AMONG, PEOPLE, blocked_among
from chatapp.core.errors import ChatError, Conflict, Forbidden
from chatapp.models import Conversation, User

BLOCKED = "You can't message each other while one of you blocks the other."

# Built once: composing these took each request longer than running them.
_BLOCKS_AMONG_OR_DELETED = union_all(
    BLOCKS_AMONG,
    select(User.id, User.id).where(User.id.in_(PEOPLE), User.deleted_at.is_not(None)),
)


def direct_key(user_id: str, other_id: str) -> str:
    """Return the key of the one-to-one conversation of these two people."""
    return ":".join(sorted((user_id, other_id)))


def pair_of(conversation: Conversation) -> frozenset[str]:
    """Return the two people of a one-to-one conversation, or nobody for a group."""
    return frozenset((conversation.direct_key or "").split(":")) - {""}


def is_blocked(conversation: Conversation) -> bool:
    """Return whether this is a one-to-one conversation with a block between the two people."""
    pair = pair_of(conversation)
    return bool(pair) and pair in blocked_among(pair)


def closed_conversations(
    work: Session, conversations: Collection[Conversation]
) -> dict[int, ChatError]:
    """Return the one-to-one conversations in which nobody can write, and why; takes one statement.

    Forbidden where one of the two blocks the other, Conflict where an account is deleted.
    """
    pairs = {
        conversation.id: pair for conversation in conversations if (pair := pair_of(conversation))
    }
    if not pairs:
        return {}
    people = frozenset().union(*pairs.values())
    blocked, deleted = _blocked_or_deleted(work, people)
    closed: dict[int, ChatError] = {}
    for id_, pair in pairs.items():
        if pair & deleted:
            closed[id_] = Conflict("This account was deleted. You can still read the conversation.")
        elif pair in blocked:
            closed[id_] = Forbidden(BLOCKED)
    return closed


def _blocked_or_deleted(
    work: Session, user_ids: Collection[str]
) -> tuple[set[frozenset[str]], set[str]]:
    """Return the blocked pairs among these people, and those whose accounts are deleted."""
    rows = work.execute(_BLOCKS_AMONG_OR_DELETED, {"user_ids": list(user_ids)})
    pairs = {frozenset((row[0], row[1])) for row in rows}
    deleted = {person for pair in pairs if len(pair) == 1 for person in pair}
    return {pair for pair in pairs if len(pair) == 2}, deleted
