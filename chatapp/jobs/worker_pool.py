"""A few tasks that work through a bounded queue in memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextvars import Context

from chatapp.core import concurrency

Job = Callable[[], None]


class WorkerPool:
    """Runs jobs in tasks of their own: some at once, the others in the order they came."""

    def __init__(self, *, max_workers: int, max_queued: int) -> None:
        self._max_workers = max_workers
        self._max_queued = max_queued
        self._lock = concurrency.lock()
        self._queue: deque[Job] = deque()
        self._workers = 0
        #: Jobs that aren't finished: queued, running, or waiting for their time.
        self._unfinished = 0

    def submit(self, job: Job, *, after: float = 0) -> bool:
        """Run ``job`` soon, or after this many seconds; return False if the queue is full.

        The job handles its own errors.
        """
        with self._lock:
            if self._unfinished >= self._max_queued:
                return False
            self._unfinished += 1
        # In an empty context: a worker outlives the request that started it.
        Context().run(concurrency.spawn, self._enqueue, job, after)
        return True

    def is_idle(self) -> bool:
        """Check whether every job has finished."""
        return self._unfinished == 0

    def _enqueue(self, job: Job, after: float) -> None:
        if after:
            concurrency.wait(after)
        with self._lock:
            self._queue.append(job)
            if self._workers == self._max_workers:
                return
            self._workers += 1
        self._work()

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._queue:
                    self._workers -= 1
                    return
                job = self._queue.popleft()
            try:
                job()
            finally:
                with self._lock:
                    self._unfinished -= 1
