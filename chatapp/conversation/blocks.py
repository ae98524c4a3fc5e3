"""Blocks between people, in either direction."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import BindParameter, bindparam, case, or_, select

from chatapp.core.db import db
from chatapp.models import Block

# Built once: composing these took each request longer than running them.
VIEWER: BindParameter[str] = bindparam("viewer_id")
PEOPLE: BindParameter[str] = bindparam("user_ids", expanding=True)
BLOCKED_WITH = select(
    case((Block.blocker_id == VIEWER, Block.blocked_id), else_=Block.blocker_id)
).where(or_(Block.blocker_id == VIEWER, Block.blocked_id == VIEWER))
BLOCKS_AMONG = select(Block.blocker_id, Block.blocked_id).where(
    Block.blocker_id.in_(PEOPLE), Block.blocked_id.in_(PEOPLE)
)


def blocked_with(user_id: str) -> set[str]:
    """Return everybody who has a block with this person, in either direction."""
    return set(db.session.scalars(BLOCKED_WITH, {"viewer_id": user_id}))


def blockers_between(one: str, other: str) -> set[str]:
    """Return which of these two people block the other."""
    rows = db.session.execute(BLOCKS_AMONG, {"user_ids": [one, other]})
    return {row.blocker_id for row in rows}


def blocked_among(user_ids: Collection[str]) -> set[frozenset[str]]:
    """Return the pairs of these people with a block between them."""
    rows = db.session.execute(BLOCKS_AMONG, {"user_ids": list(user_ids)})
    return {frozenset((row.blocker_id, row.blocked_id)) for row in rows}
