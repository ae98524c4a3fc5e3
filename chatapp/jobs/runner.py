"""Run jobs in the background: a few at once, from a bounded queue in memory.

Queued jobs are lost when the process ends, so use it only for work that a person can ask for again.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from contextvars import Context

from flask import Flask, current_app

from chatapp.core import concurrency
from chatapp.core.logs import request_id

log = logging.getLogger(__name__)

MAX_WORKERS = 4
MAX_QUEUED = 2000

Job = Callable[[], None]

_lock = concurrency.lock()
_queue: deque[tuple[Flask, str, Job]] = deque()
_workers = 0
#: Jobs that aren't finished: queued, running, or waiting for their time.
_unfinished = 0


def run_later(job: Job, *, after: float = 0) -> bool:
    """Run ``job`` soon, or after this many seconds, in an application context of its own.

    Returns immediately: False if the queue is full and the job was dropped. Failures are logged.
    """
    global _unfinished  # noqa: PLW0603  a process has one queue
    entry = (current_app._get_current_object(), request_id.get(), job)  # type: ignore[attr-defined]
    with _lock:
        if _unfinished >= MAX_QUEUED:
            log.error("the background queue is full: a job was dropped")
            return False
        _unfinished += 1
    # In an empty context: a worker outlives the request that started it.
    Context().run(concurrency.spawn, _enqueue, entry, after)
    return True


def is_idle() -> bool:
    """Check whether every job has finished."""
    return _unfinished == 0


def _enqueue(entry: tuple[Flask, str, Job], after: float) -> None:
    global _workers  # noqa: PLW0603
    if after:
        concurrency.wait(after)
    with _lock:
        _queue.append(entry)
        if _workers == MAX_WORKERS:
            return
        _workers += 1
    _work()


def _work() -> None:
    global _workers, _unfinished  # noqa: PLW0603
    while True:
        with _lock:
            if not _queue:
                _workers -= 1
                return
            app, requested_by, job = _queue.popleft()
        request_id.set(requested_by)
        try:
            with app.app_context():
                job()
        except Exception:
            log.exception("a background job failed")
        finally:
            with _lock:
                _unfinished -= 1
