"""Blocks, as every rule asks about them: either way round."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import case, or_, select, union_all
from sqlalchemy.orm import Session

from chatapp.backends.presence import online
from chatapp.db import db
from chatapp.models import Block, Conversation, User


def blocked_with(user_id: str) -> set[str]:
    """Everybody whom this person has blocked, or who has blocked them."""
    other = case((Block.blocker_id == user_id, Block.blocked_id), else_=Block.blocker_id)
    rows = db.session.scalars(
        select(other).where(or_(Block.blocker_id == user_id, Block.blocked_id == user_id))
    )
    return set(rows)


def blockers_between(one: str, other: str) -> set[str]:
    """Which of these two blocks the other."""
    pair = (one, other)
    return set(
        db.session.scalars(
            select(Block.blocker_id).where(Block.blocker_id.in_(pair), Block.blocked_id.in_(pair))
        )
    )


def blocked_among(user_ids: Collection[str]) -> set[frozenset[str]]:
    """The pairs of these people between whom a block stands."""
    rows = db.session.execute(
        select(Block.blocker_id, Block.blocked_id).where(
            Block.blocker_id.in_(user_ids), Block.blocked_id.in_(user_ids)
        )
    )
    return {frozenset((row.blocker_id, row.blocked_id)) for row in rows}


def visible_presence(viewer_id: str, user_ids: Collection[str]) -> dict[str, bool]:
    """Of these people whether they are online; without those a block hides from the viewer."""
    hidden = blocked_with(viewer_id)
    return online(user_id for user_id in user_ids if user_id not in hidden)


def direct_key(user_id: str, other_id: str) -> str:
    """What tells the one-to-one conversation of these two from all others."""
    return ":".join(sorted((user_id, other_id)))


def pair_of(conversation: Conversation) -> frozenset[str]:
    """The two people of a one-to-one conversation; nobody for a group."""
    return frozenset((conversation.direct_key or "").split(":")) - {""}


def is_blocked(conversation: Conversation) -> bool:
    """Whether this is one of two people between whom a block stands."""
    pair = pair_of(conversation)
    return bool(pair) and pair in blocked_among(pair)


def blocked_or_gone(
    work: Session, user_ids: Collection[str]
) -> tuple[set[frozenset[str]], set[str]]:
    """`blocked_among` these people, and those whose accounts are deleted, in one statement."""
    between = select(Block.blocker_id, Block.blocked_id).where(
        Block.blocker_id.in_(user_ids), Block.blocked_id.in_(user_ids)
    )
    deleted = select(User.id, User.id).where(User.id.in_(user_ids), User.deleted_at.is_not(None))
    pairs = {frozenset((row[0], row[1])) for row in work.execute(union_all(between, deleted))}
    gone = {person for pair in pairs if len(pair) == 1 for person in pair}
    return {pair for pair in pairs if len(pair) == 2}, gone
