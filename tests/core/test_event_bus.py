"""The event bus: who is called, when, and what a `deferred()` block keeps back."""

from __future__ import annotations

import contextvars

import pytest

from chatapp.core.event_bus import EventBus
from chatapp.core.events import (
    ClientEvent,
    CredentialEnded,
    Members,
    People,
    ProcessSignal,
    ReceiptsSwitched,
)


@pytest.fixture
def bus() -> EventBus:
    return EventBus()


def event(name: str = "one") -> ClientEvent:
    return ClientEvent(name, {}, People(frozenset()))


def test_signals_go_to_the_receivers_of_their_type(bus: EventBus):
    events: list[ClientEvent] = []
    ended: list[ProcessSignal] = []
    bus.subscribe(events.append)
    stop = bus.receive(CredentialEnded, ended.append)
    published = [event(), CredentialEnded("a"), ReceiptsSwitched("b", hidden=True)]
    bus.publish(published)
    bus.cancel(published)
    assert (events, ended) == (published[:1], published[1:2])
    stop()
    bus.publish([CredentialEnded("c")])
    assert len(ended) == 1


def test_a_block_keeps_back_events_and_signals_in_their_order(bus: EventBus):
    got: list[object] = []
    bus.subscribe(got.append)
    bus.receive(CredentialEnded, got.append)
    published = [event("one"), CredentialEnded("a"), event("two")]
    with bus.deferred():
        bus.publish(published)
        assert got == []
    assert got == published


def test_a_block_keeps_back_its_own_buss_events_only(bus: EventBus):
    other, got = EventBus(), []
    other.subscribe(got.append)
    with bus.deferred():
        other.publish([event()])
        assert len(got) == 1


def test_a_task_that_outlives_the_block_is_not_kept_back(bus: EventBus):
    got: list[ClientEvent] = []
    bus.subscribe(got.append)
    with bus.deferred():
        later = contextvars.copy_context()  # as `concurrency.spawn` does
    later.run(bus.publish, [event()])
    assert len(got) == 1


def test_an_event_knows_its_conversation():
    assert event().conversation_id is None
    assert ClientEvent("one", {}, Members(7, 1)).conversation_id == 7
