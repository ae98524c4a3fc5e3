"""Delivery of announcements to this process's subscribers, one bus for each app.

Nothing is published before the commit, and nothing after a rollback. Subscribers (the live
broadcast is one) are called one after the other; one that fails is logged and silences neither the
next one nor the request that made the change.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from flask import Flask, current_app

from chatapp.core.events import Announcement

log = logging.getLogger(__name__)

Subscriber = Callable[[Announcement], None]


@dataclass(frozen=True, slots=True)
class _Subscription:
    deliver: Subscriber
    reserve: Subscriber | None
    cancel: Subscriber | None


@dataclass(slots=True)
class _Deferral:
    """What a task keeps back until its `deferred()` block ends."""

    bus: EventBus
    announcements: list[Announcement] = field(default_factory=list)
    is_open: bool = True


_deferral: ContextVar[_Deferral | None] = ContextVar("deferral", default=None)


class EventBus:
    """Hands what services announce to whoever subscribed in this app."""

    def __init__(self) -> None:
        self._subscriptions: list[_Subscription] = []

    def subscribe(
        self,
        deliver: Subscriber,
        *,
        reserve: Subscriber | None = None,
        cancel: Subscriber | None = None,
    ) -> Callable[[], None]:
        """Call ``deliver`` for each announcement after its commit; returns how to unsubscribe.

        ``reserve`` is called inside the transaction, while it holds the conversation's lock, and
        therefore in the order of versions; ``cancel`` when that transaction is rolled back.
        """
        subscription = _Subscription(deliver, reserve, cancel)
        self._subscriptions.append(subscription)
        return lambda: self._subscriptions.remove(subscription)

    def reserve(self, announcement: Announcement) -> None:
        """Tell subscribers that ``announcement`` is coming, if its transaction commits."""
        for subscription in list(self._subscriptions):
            if subscription.reserve:
                _call(subscription.reserve, announcement)

    def cancel(self, announcements: Sequence[Announcement]) -> None:
        """Tell subscribers that these aren't coming: their transaction was rolled back."""
        for announcement in announcements:
            for subscription in list(self._subscriptions):
                if subscription.cancel:
                    _call(subscription.cancel, announcement)

    def publish(self, announcements: Sequence[Announcement]) -> None:
        """Deliver after a commit; inside `deferred()` not before that block ends."""
        deferral = _deferral.get()
        if deferral is not None and deferral.bus is self and deferral.is_open:
            deferral.announcements.extend(announcements)
            return
        for announcement in announcements:
            for subscription in list(self._subscriptions):
                _call(subscription.deliver, announcement)

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """Keep back what is published inside until the block ends, also when it raises.

        Socket handlers run in it, so that a sender gets the acknowledgement before the event.
        """
        deferral = _Deferral(self)
        token = _deferral.set(deferral)
        try:
            yield
        finally:
            _deferral.reset(token)
            deferral.is_open = False  # tasks that were started inside have a copy of the context
            self.publish(deferral.announcements)


def init_app(app: Flask) -> None:
    """Give the app a bus of its own."""
    app.extensions["events"] = EventBus()


def current_bus() -> EventBus:
    """Return the current app's bus."""
    bus: EventBus = current_app.extensions["events"]
    return bus


def _call(subscriber: Subscriber, announcement: Announcement) -> None:
    try:
        subscriber(announcement)
    except Exception:
        log.exception("a subscriber failed on %s", announcement.event)
