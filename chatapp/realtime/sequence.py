"""The order of events: those of one conversation leave this process by version.

Greenlets don't wake in the order in which their transactions committed. So an event reserves a slot
while its transaction still holds the conversation's row, which is the order of versions, and is
delivered when everything before it was. A rollback gives the slot up. A slot whose event doesn't
come delays the others for at most `TIMEOUT_SECONDS`: clients fill the gap themselves.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from chatapp.core import concurrency
from chatapp.core.events import ClientEvent

#: Seconds for which an event that doesn't come may delay those after it.
TIMEOUT_SECONDS = 0.2


class _State(Enum):
    RESERVED = auto()
    READY = auto()
    GIVEN_UP = auto()


@dataclass(slots=True)
class _Slot:
    event: ClientEvent
    state: _State = _State.RESERVED


class _Queue:
    def __init__(self) -> None:
        self.slots: deque[_Slot] = deque()
        self.draining = False
        self.has_timeout = False


class Sequencer:
    """Hands events on to ``deliver``, those of one conversation in order."""

    def __init__(
        self, deliver: Callable[[ClientEvent], None], timeout: float = TIMEOUT_SECONDS
    ) -> None:
        self._deliver = deliver
        self._timeout = timeout
        self._queues: dict[int, _Queue] = {}
        self._lock = concurrency.lock()

    def reserve(self, event: ClientEvent) -> None:
        """Reserve the next slot of its conversation for this event."""
        if event.conversation_id is None:
            return
        slot = _Slot(event)
        event.slots.append(slot)
        with self._lock:
            queue = self._queues.setdefault(event.conversation_id, _Queue())
            queue.slots.append(slot)

    def cancel(self, event: ClientEvent) -> None:
        """Give up the slot of an event whose transaction was rolled back."""
        self._set_state(event, _State.GIVEN_UP)

    def deliver(self, event: ClientEvent) -> None:
        """Deliver a committed event as soon as all before it have left."""
        if not self._set_state(event, _State.READY):
            self._deliver(event)

    def _set_state(self, event: ClientEvent, state: _State) -> bool:
        """Return whether the event still had a slot."""
        if not event.slots:
            return False
        slot, id_ = event.slots[0], event.conversation_id
        with self._lock:
            if slot.state is not _State.RESERVED:
                return False  # it came too late
            slot.state = state
        if id_ is not None:
            self._drain(id_)
        return True

    def _drain(self, id_: int) -> None:
        while True:
            with self._lock:
                queue = self._queues.get(id_)
                if queue is None or queue.draining:
                    return
                while queue.slots and queue.slots[0].state is _State.GIVEN_UP:
                    queue.slots.popleft()
                if not queue.slots:
                    del self._queues[id_]
                    return
                if queue.slots[0].state is _State.RESERVED:
                    self._start_timeout(id_, queue)
                    return
                slot = queue.slots.popleft()
                queue.draining = True
            try:
                self._deliver(slot.event)
            finally:
                with self._lock:
                    queue.draining = False

    def _start_timeout(self, id_: int, queue: _Queue) -> None:
        """Bound the wait for the first slot, if an event behind it is ready."""
        if not queue.has_timeout and any(slot.state is _State.READY for slot in queue.slots):
            queue.has_timeout = True
            concurrency.spawn(self._time_out, id_, queue, queue.slots[0])

    def _time_out(self, id_: int, queue: _Queue, first: _Slot) -> None:
        concurrency.wait(self._timeout)
        with self._lock:
            queue.has_timeout = False
            if first.state is _State.RESERVED:
                first.state = _State.GIVEN_UP
        self._drain(id_)
