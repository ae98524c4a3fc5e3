"""What people notice of each other: blocks, either way round, and what somebody hides."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BindParameter, bindparam, case, or_, select, union_all
from sqlalchemy.orm import Session

from chatapp.core.db import db
from chatapp.core.presence import online
from chatapp.models import Block, Conversation, User

# Built once: composing these took each request longer than running them.
_VIEWER: BindParameter[str] = bindparam("viewer_id")
_PEOPLE: BindParameter[str] = bindparam("user_ids", expanding=True)
_BLOCKED_WITH = select(
    case((Block.blocker_id == _VIEWER, Block.blocked_id), else_=Block.blocker_id)
).where(or_(Block.blocker_id == _VIEWER, Block.blocked_id == _VIEWER))
_BLOCKED_WITH_OR_HIDING = union_all(
    _BLOCKED_WITH, select(User.id).where(User.id == _VIEWER, User.hide_last_seen)
)
_BLOCKS_AMONG = select(Block.blocker_id, Block.blocked_id).where(
    Block.blocker_id.in_(_PEOPLE), Block.blocked_id.in_(_PEOPLE)
)
_BLOCKS_AMONG_OR_GONE = union_all(
    _BLOCKS_AMONG,
    select(User.id, User.id).where(User.id.in_(_PEOPLE), User.deleted_at.is_not(None)),
)


@dataclass(frozen=True, slots=True)
class Presence:
    """Somebody's presence, for one who may notice it."""

    online: bool
    viewer_id: str
    viewer_hides: bool

    def last_seen(self, user: User) -> datetime | None:
        """When ``user``, whose presence this is, was last here.

        None where they hide it, and for a viewer who hides their own; one's own is no secret.
        """
        hidden = self.viewer_hides or user.hide_last_seen
        return None if hidden and user.id != self.viewer_id else user.last_seen


def blocked_with(user_id: str) -> set[str]:
    """Everybody whom this person has blocked, or who has blocked them."""
    return set(db.session.scalars(_BLOCKED_WITH, {"viewer_id": user_id}))


def blockers_between(one: str, other: str) -> set[str]:
    """Which of these two blocks the other."""
    rows = db.session.execute(_BLOCKS_AMONG, {"user_ids": [one, other]})
    return {row.blocker_id for row in rows}


def blocked_among(user_ids: Collection[str]) -> set[frozenset[str]]:
    """The pairs of these people between whom a block stands."""
    rows = db.session.execute(_BLOCKS_AMONG, {"user_ids": list(user_ids)})
    return {frozenset((row.blocker_id, row.blocked_id)) for row in rows}


def visible_presence(viewer_id: str, user_ids: Collection[str]) -> dict[str, Presence]:
    """The presence of these people, without those a block hides from the viewer; one statement."""
    found = set(db.session.scalars(_BLOCKED_WITH_OR_HIDING, {"viewer_id": viewer_id}))
    viewer_hides = viewer_id in found  # as nobody blocks themselves
    there = online(id_ for id_ in user_ids if id_ == viewer_id or id_ not in found)
    return {id_: Presence(is_there, viewer_id, viewer_hides) for id_, is_there in there.items()}


def hiding_last_seen(user_ids: Collection[str]) -> set[str]:
    """Those of these people who hide when they were last here, and so don't learn it of others."""
    rows = db.session.scalars(select(User.id).where(User.id.in_(user_ids), User.hide_last_seen))
    return set(rows)


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
    rows = work.execute(_BLOCKS_AMONG_OR_GONE, {"user_ids": list(user_ids)})
    pairs = {frozenset((row[0], row[1])) for row in rows}
    gone = {person for pair in pairs if len(pair) == 1 for person in pair}
    return {pair for pair in pairs if len(pair) == 2}, gone
