"""Events leave in the order of versions, whichever task wakes first."""

from __future__ import annotations

import threading

from chatapp.core.events import ClientEvent, Members, People
from chatapp.realtime.sequence import Sequencer


def event(version: int, conversation: int = 1) -> ClientEvent:
    return ClientEvent("message:received", {}, Members(conversation, 0), version)


class Heard:
    def __init__(self, most: int = 0) -> None:
        self.versions: list[int | None] = []
        self._most = most
        self.complete = threading.Event()

    def __call__(self, committed: ClientEvent) -> None:
        self.versions.append(committed.version)
        if len(self.versions) == self._most:
            self.complete.set()


def test_whoever_is_early_waits_for_those_before():
    heard = Heard()
    sequencer = Sequencer(heard, timeout=60)
    events = [event(version) for version in (1, 2, 3)]
    for one in events:
        sequencer.reserve(one)
    sequencer.deliver(events[2])
    sequencer.deliver(events[1])
    assert heard.versions == []
    sequencer.deliver(events[0])
    assert heard.versions == [1, 2, 3]


def test_a_rollback_lets_the_others_pass():
    heard = Heard()
    sequencer = Sequencer(heard, timeout=60)
    lost, kept = event(1), event(1)
    sequencer.reserve(lost)
    sequencer.reserve(kept)
    sequencer.deliver(kept)
    assert heard.versions == []
    sequencer.cancel(lost)
    assert heard.versions == [1]


def test_conversations_dont_wait_for_each_other():
    heard = Heard()
    sequencer = Sequencer(heard, timeout=60)
    slow, quick = event(1, conversation=1), event(7, conversation=2)
    sequencer.reserve(slow)
    sequencer.reserve(quick)
    sequencer.deliver(quick)
    assert heard.versions == [7]


def test_what_has_no_conversation_goes_at_once():
    heard = Heard()
    sequencer = Sequencer(heard)
    committed = ClientEvent("preferences:updated", {}, People(frozenset()))
    sequencer.reserve(committed)
    sequencer.deliver(committed)
    assert heard.versions == [None]


def test_a_hole_is_waited_for_only_so_long_and_comes_late_if_it_comes():
    heard = Heard(most=2)
    sequencer = Sequencer(heard, timeout=0.01)
    events = [event(version) for version in (1, 2, 3)]
    for one in events:
        sequencer.reserve(one)
    sequencer.deliver(events[1])
    sequencer.deliver(events[2])
    assert heard.complete.wait(10)
    assert heard.versions == [2, 3]
    sequencer.deliver(events[0])
    assert heard.versions == [2, 3, 1]


def test_delivering_from_within_a_delivery_keeps_the_order():
    versions: list[int | None] = []

    def nested(committed: ClientEvent) -> None:
        if committed.version == 1:
            sequencer.deliver(second)
        versions.append(committed.version)

    sequencer = Sequencer(nested, timeout=60)
    first, second = event(1), event(2)
    sequencer.reserve(first)
    sequencer.reserve(second)
    sequencer.deliver(first)
    assert versions == [1, 2]


def test_nothing_is_kept_of_a_quiet_conversation():
    sequencer = Sequencer(Heard())
    for version in range(100):
        one = event(version)
        sequencer.reserve(one)
        sequencer.deliver(one)
    assert sequencer._queues == {}


def test_threads_that_finish_in_any_order():
    heard = Heard(most=200)
    sequencer = Sequencer(heard, timeout=60)
    events = [event(version) for version in range(200)]
    for one in events:
        sequencer.reserve(one)
    threads = [threading.Thread(target=sequencer.deliver, args=(one,)) for one in events[::-1]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert heard.complete.wait(10)
    assert heard.versions == list(range(200))
