"""What others must hear of once a change is committed.

A service calls `announce` inside `atomic()`. Nothing goes out before the commit, and nothing at
all after a rollback. Subscribers (the live broadcast is one) are called one after the other; one
that fails is logged and never silences the next, nor the request that made the change.

Announcements are hints. Clients make good by version what they missed; work that must happen
belongs into a row written by the same transaction.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

log = logging.getLogger(__name__)


#: The Socket.IO room of the connections whose doing the present change is: one connection for its
#: event, all of a sign-in for its call.
origin: ContextVar[str | None] = ContextVar("origin", default=None)


@contextmanager
def caused_by(room: str | None) -> Iterator[None]:
    """What is announced inside is the doing of the connections in this room; None: of none."""
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


Subscriber = Callable[[Announcement], None]


@dataclass(slots=True)
class _Subscription:
    deliver: Subscriber
    reserve: Subscriber | None
    cancel: Subscriber | None


_subscriptions: list[_Subscription] = []
_held: ContextVar[list[Announcement] | None] = ContextVar("held_announcements", default=None)


def subscribe(
    deliver: Subscriber, *, reserve: Subscriber | None = None, cancel: Subscriber | None = None
) -> Callable[[], None]:
    """Call ``deliver`` for each announcement after its commit; returns how to end that.

    ``reserve`` is called inside the transaction, while it holds the conversation's lock, so in
    the order of versions; ``cancel`` when that transaction is rolled back.
    """
    subscription = _Subscription(deliver, reserve, cancel)
    _subscriptions.append(subscription)
    return lambda: _subscriptions.remove(subscription)


def reserve(announcement: Announcement) -> None:
    """Tell subscribers that ``announcement`` is coming, if its transaction commits."""
    for subscription in list(_subscriptions):
        if subscription.reserve:
            _call(subscription.reserve, announcement)


def cancel(announcements: Sequence[Announcement]) -> None:
    """Tell subscribers that these won't come: their transaction was rolled back."""
    for announcement in announcements:
        for subscription in list(_subscriptions):
            if subscription.cancel:
                _call(subscription.cancel, announcement)


def publish(announcements: Sequence[Announcement]) -> None:
    """Deliver after a commit; within `held()` not before that block ends."""
    held = _held.get()
    if held is not None:
        held.extend(announcements)
        return
    for announcement in announcements:
        for subscription in list(_subscriptions):
            _call(subscription.deliver, announcement)


@contextmanager
def held() -> Iterator[None]:
    """Keep back what is published inside until the block ends, also when it raises.

    The socket door uses it so that a sender gets the acknowledgement before the event.
    """
    announcements: list[Announcement] = []
    token = _held.set(announcements)
    try:
        yield
    finally:
        _held.reset(token)
        publish(announcements)


def _call(subscriber: Subscriber, announcement: Announcement) -> None:
    try:
        subscriber(announcement)
    except Exception:
        log.exception("a subscriber failed on %s", announcement.event)
