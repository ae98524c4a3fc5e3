"""What clients must hear of once a change is committed.

A service calls `announce` (`chatapp.core.db`) inside `atomic()`; `EventBus` delivers.

Announcements are hints. Clients make good by version what they missed; work that must happen
belongs in a row written by the same transaction.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

#: The Socket.IO room of the connections that cause the present change: one connection for its
#: event, all of a sign-in for its call.
origin: ContextVar[str | None] = ContextVar("origin", default=None)


@contextmanager
def caused_by(room: str | None) -> Iterator[None]:
    """Name the connections in this room as the cause of what is announced inside; None: nobody."""
    token = origin.set(room)
    try:
        yield
    finally:
        origin.reset(token)


@dataclass(frozen=True, slots=True)
class Announcement:
    """One event for live listeners: its canonical name, its payload and who is concerned.

    ``conversation_id`` addresses the members' connections, ``user_ids`` those people's
    connections. ``version`` is the conversation's version that this event carries, None for
    events that have none (read pointers): those with one are delivered in its order.
    """

    event: str
    payload: dict[str, Any]
    conversation_id: int | None = None
    user_ids: frozenset[str] = frozenset()
    version: int | None = None
    #: Of the members only these, where it isn't for all.
    only_ids: frozenset[str] = frozenset()
    #: Those who were members until this very change.
    former_ids: frozenset[str] = frozenset()
    #: The conversation's membership version at the commit: who may hear this. Never sent.
    membership_version: int = 0
    #: The room of those connections whose doing it is. Never sent.
    origin: str | None = field(default_factory=origin.get)
    #: Set by a subscriber that keeps a place for this event before the commit.
    place: list[Any] = field(default_factory=list, compare=False)
