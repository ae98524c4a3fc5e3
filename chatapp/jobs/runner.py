"""Work that nobody waits for, done beside the requests: a few jobs at once, and a bounded queue.

What is in the queue is gone when the process ends, so it is for what a person can ask for again.
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

MOST_AT_ONCE = 4
MOST_WAITING = 2000

Job = Callable[[], None]

_lock = concurrency.lock()
_queue: deque[tuple[Flask, str, Job]] = deque()
_workers = 0
#: Jobs that aren't done: in the queue, in work, or waiting for their time.
_open = 0


def run(job: Job, *, after: float = 0) -> bool:
    """Do this soon, or once ``after`` seconds have passed, in an application context of its own.

    Returns at once; False where too much is waiting already, and then it isn't done. A job that
    fails is logged.
    """
    global _open  # noqa: PLW0603  a process has one queue
    entry = (current_app._get_current_object(), request_id.get(), job)  # type: ignore[attr-defined]
    with _lock:
        if _open >= MOST_WAITING:
            log.error("too much to do in the background: something was dropped")
            return False
        _open += 1
    # In an empty context: a worker outlives the request that happened to start it.
    Context().run(concurrency.spawn, _enter, entry, after)
    return True


def idle() -> bool:
    """Whether everything is done."""
    return _open == 0


def _enter(entry: tuple[Flask, str, Job], after: float) -> None:
    global _workers  # noqa: PLW0603
    if after:
        concurrency.wait(after)
    with _lock:
        _queue.append(entry)
        if _workers == MOST_AT_ONCE:
            return
        _workers += 1
    _work()


def _work() -> None:
    global _workers, _open  # noqa: PLW0603
    while True:
        with _lock:
            if not _queue:
                _workers -= 1
                return
            app, asked_by, job = _queue.popleft()
        request_id.set(asked_by)
        try:
            with app.app_context():
                job()
        except Exception:
            log.exception("a job in the background failed")
        finally:
            with _lock:
                _open -= 1
