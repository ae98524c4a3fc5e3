"""Who may see whose presence: nobody across a block."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, union_all

from chatapp.conversation.blocks import BLOCKED_WITH, VIEWER
from chatapp.core.db import db
from chatapp.core.presence import online
from chatapp.models import User

# Built once: composing it took each request longer than running it.
_BLOCKED_WITH_OR_HIDING = union_all(
    BLOCKED_WITH, select(User.id).where(User.id == VIEWER, User.hide_last_seen)
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
