"""A conversation's events leave this process in the order of its versions.

Greenlets don't wake in the order in which their transactions committed. So an event takes its
place while its transaction still holds the conversation's row, which is the order of versions, and
is delivered when everything before it was. Whoever rolls back gives up the place. A place whose
event doesn't come holds up the others for at most `PATIENCE`: a client fills the hole itself.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from chatapp.core import concurrency
from chatapp.core.events import Announcement

#: Seconds that a hole is waited for.
PATIENCE = 0.2


class _State(Enum):
    COMING = auto()
    READY = auto()
    GONE = auto()


@dataclass(slots=True)
class _Place:
    announcement: Announcement
    state: _State = _State.COMING


class _Queue:
    def __init__(self) -> None:
        self.places: deque[_Place] = deque()
        self.draining = False
        self.watched = False


class Sequencer:
    """Hands announcements on to ``deliver``, those of one conversation in order."""

    def __init__(self, deliver: Callable[[Announcement], None], patience: float = PATIENCE) -> None:
        self._deliver = deliver
        self._patience = patience
        self._queues: dict[int, _Queue] = {}
        self._lock = concurrency.lock()

    def reserve(self, announcement: Announcement) -> None:
        """Keep the next place of its conversation for this event."""
        if announcement.conversation_id is None:
            return
        place = _Place(announcement)
        announcement.place.append(place)
        with self._lock:
            queue = self._queues.setdefault(announcement.conversation_id, _Queue())
            queue.places.append(place)

    def cancel(self, announcement: Announcement) -> None:
        """Its transaction was rolled back: nobody waits for it."""
        self._settle(announcement, _State.GONE)

    def deliver(self, announcement: Announcement) -> None:
        """Its transaction is committed: it goes out as soon as what is before it went."""
        if not self._settle(announcement, _State.READY):
            self._deliver(announcement)

    def _settle(self, announcement: Announcement, state: _State) -> bool:
        """Whether it still had its place in the order."""
        if not announcement.place:
            return False
        place, id_ = announcement.place[0], announcement.conversation_id
        with self._lock:
            if place.state is not _State.COMING:
                return False  # patience ran out
            place.state = state
        if id_ is not None:
            self._drain(id_)
        return True

    def _drain(self, id_: int) -> None:
        while True:
            with self._lock:
                queue = self._queues.get(id_)
                if queue is None or queue.draining:
                    return
                while queue.places and queue.places[0].state is _State.GONE:
                    queue.places.popleft()
                if not queue.places:
                    del self._queues[id_]
                    return
                if queue.places[0].state is _State.COMING:
                    self._watch(id_, queue)
                    return
                place = queue.places.popleft()
                queue.draining = True
            try:
                self._deliver(place.announcement)
            finally:
                with self._lock:
                    queue.draining = False

    def _watch(self, id_: int, queue: _Queue) -> None:
        """Someone is ready behind a place that isn't: don't wait for it for ever."""
        if not queue.watched and any(place.state is _State.READY for place in queue.places):
            queue.watched = True
            concurrency.spawn(self._lose_patience, id_, queue, queue.places[0])

    def _lose_patience(self, id_: int, queue: _Queue, first: _Place) -> None:
        concurrency.wait(self._patience)
        with self._lock:
            queue.watched = False
            if first.state is _State.COMING:
                first.state = _State.GONE
        self._drain(id_)
