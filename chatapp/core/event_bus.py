"""Delivery of events and signals to this process's subscribers, one bus for each app.

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
from typing import Any, TypeVar

from flask import Flask, current_app

from chatapp.core.events import ClientEvent, ProcessSignal

log = logging.getLogger(__name__)

Subscriber = Callable[[ClientEvent], None]
Published = ClientEvent | ProcessSignal
S = TypeVar("S", bound=ProcessSignal)


@dataclass(frozen=True, slots=True)
class _Subscription:
    deliver: Subscriber
    reserve: Subscriber | None
    cancel: Subscriber | None


@dataclass(slots=True)
class _Deferral:
    """What a task keeps back until its `deferred()` block ends."""

    bus: EventBus
    published: list[Published] = field(default_factory=list)
    is_open: bool = True


_deferral: ContextVar[_Deferral | None] = ContextVar("deferral", default=None)


class EventBus:
    """Hands what services announce to this app's subscribers."""

    def __init__(self) -> None:
        self._subscriptions: list[_Subscription] = []
        self._receivers: dict[type[ProcessSignal], list[Callable[[Any], None]]] = {}

    def subscribe(
        self,
        deliver: Subscriber,
        *,
        reserve: Subscriber | None = None,
        cancel: Subscriber | None = None,
    ) -> Callable[[], None]:
        """Call ``deliver`` for each client event after its commit; return how to unsubscribe.

        ``reserve`` is called inside the transaction, while it holds the conversation's lock, and
        therefore in the order of versions; ``cancel`` when that transaction is rolled back.
        """
        subscription = _Subscription(deliver, reserve, cancel)
        self._subscriptions.append(subscription)
        return lambda: self._subscriptions.remove(subscription)

    def receive(self, kind: type[S], receiver: Callable[[S], None]) -> Callable[[], None]:
        """Call ``receiver`` for each signal of this kind after its commit; return how to stop."""
        receivers = self._receivers.setdefault(kind, [])
        receivers.append(receiver)
        return lambda: receivers.remove(receiver)

    def reserve(self, event: ClientEvent) -> None:
        """Tell subscribers that ``event`` is coming, if its transaction commits."""
        for subscription in list(self._subscriptions):
            if subscription.reserve:
                _call(subscription.reserve, event, event.name)

    def cancel(self, published: Sequence[Published]) -> None:
        """Tell subscribers that these events aren't coming: their transaction was rolled back."""
        for event in published:
            if isinstance(event, ClientEvent):
                for subscription in list(self._subscriptions):
                    if subscription.cancel:
                        _call(subscription.cancel, event, event.name)

    def publish(self, published: Sequence[Published]) -> None:
        """Deliver after a commit; inside `deferred()` not before that block ends."""
        deferral = _deferral.get()
        if deferral is not None and deferral.bus is self and deferral.is_open:
            deferral.published.extend(published)
            return
        for one in published:
            if isinstance(one, ClientEvent):
                for subscription in list(self._subscriptions):
                    _call(subscription.deliver, one, one.name)
            else:
                for receiver in list(self._receivers.get(type(one), ())):
                    _call(receiver, one, type(one).__name__)

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
            self.publish(deferral.published)


def init_app(app: Flask) -> None:
    """Give the app a bus of its own."""
    app.extensions["events"] = EventBus()


def current_bus() -> EventBus:
    """Return the current app's bus."""
    bus: EventBus = current_app.extensions["events"]
    return bus


def _call(function: Callable[[Any], None], argument: Published, name: str) -> None:
    try:
        function(argument)
    except Exception:
        log.exception("a subscriber failed on %s", name)
