"""Run jobs in the background: a few at once, from a bounded queue in memory, one for each app.

Queued jobs are lost when the process ends, so use it only for work that a person can ask for again.
"""

from __future__ import annotations

import logging

from flask import Flask, current_app

from chatapp.core.logs import request_id
from chatapp.jobs.worker_pool import Job, WorkerPool

log = logging.getLogger(__name__)

MAX_WORKERS = 4
MAX_QUEUED = 2000


def init_app(app: Flask) -> None:
    """Give the app workers of its own."""
    app.extensions["jobs"] = WorkerPool(max_workers=MAX_WORKERS, max_queued=MAX_QUEUED)


def run_later(job: Job, *, after: float = 0) -> bool:
    """Run ``job`` soon, or after this many seconds, in an application context of its own.

    Returns immediately: False if the queue is full and the job was dropped. Failures are logged.
    """
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    requested_by = request_id.get()

    def run() -> None:
        request_id.set(requested_by)
        try:
            with app.app_context():
                job()
        except Exception:
            log.exception("a background job failed")

    pool: WorkerPool = app.extensions["jobs"]
    accepted = pool.submit(run, after=after)
    if not accepted:
        log.error("the background queue is full: a job was dropped")
    return accepted
