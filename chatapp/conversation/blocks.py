"""Blocks between people, in either direction, and who may see whose presence."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BindParameter, bindparam, case, or_, select, union_all
from sqlalchemy.orm import Session

from chatapp.core.db import db
from chatapp.core.errors import ChatError, Conflict, Forbidden
from chatapp.core.presence import online
from chatapp.models import Block, Conversation, User

BLOCKED = "You can't message each other while one of you blocks the other."

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
_BLOCKS_AMONG_OR_DELETED = union_all(
    _BLOCKS_AMONG,
    select(User.id, User.id).where(User.id.in_(_PEOPLE), User.deleted_at.is_not(None)),
)


@dataclass(frozen=True, slots=True)
class Presence:
    """A person's presence, for a viewer who may see it."""

    online: bool
    viewer_id: str
    viewer_hides: bool

    def last_seen(self, user: User) -> datetime | None:
        """Return when ``user``, whose presence this is, was last seen.

        None if the user or the viewer hides it. You always see your own.
        """
        hidden = self.viewer_hides or user.hide_last_seen
        return None if hidden and user.id != self.viewer_id else user.last_seen


def blocked_with(user_id: str) -> set[str]:
    """Return everybody who has a block with this person, in either direction."""
    return set(db.session.scalars(_BLOCKED_WITH, {"viewer_id": user_id}))


def blockers_between(one: str, other: str) -> set[str]:
    """Return which of these two people block the other."""
    rows = db.session.execute(_BLOCKS_AMONG, {"user_ids": [one, other]})
    return {row.blocker_id for row in rows}


def blocked_among(user_ids: Collection[str]) -> set[frozenset[str]]:
    """Return the pairs of these people with a block between them."""
    rows = db.session.execute(_BLOCKS_AMONG, {"user_ids": list(user_ids)})
    return {frozenset((row.blocker_id, row.blocked_id)) for row in rows}


def visible_presence(viewer_id: str, user_ids: Collection[str]) -> dict[str, Presence]:
    """Return the presence of these people, without those behind a block; takes one statement."""
    found = set(db.session.scalars(_BLOCKED_WITH_OR_HIDING, {"viewer_id": viewer_id}))
    viewer_hides = viewer_id in found  # nobody blocks themselves
    visible = online(id_ for id_ in user_ids if id_ == viewer_id or id_ not in found)
    return {id_: Presence(is_on, viewer_id, viewer_hides) for id_, is_on in visible.items()}


def hiding_last_seen(user_ids: Collection[str]) -> set[str]:
    """Return which of these people hide when they were last seen, and so can't see it of others."""
    rows = db.session.scalars(select(User.id).where(User.id.in_(user_ids), User.hide_last_seen))
    return set(rows)


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
