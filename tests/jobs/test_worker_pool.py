"""The workers of background jobs."""

from __future__ import annotations

import threading

from chatapp.jobs.worker_pool import WorkerPool
from tests.support.waiting import wait_until


def test_a_full_queue_refuses_jobs_until_there_is_room():
    pool = WorkerPool(max_workers=1, max_queued=2)
    go_on, done = threading.Event(), []
    assert pool.submit(lambda: go_on.wait(10) and done.append("first"))
    assert pool.submit(lambda: done.append("second"))
    assert not pool.submit(lambda: done.append("third"))
    assert not pool.is_idle()
    go_on.set()
    wait_until(pool.is_idle, "both jobs are done")
    assert sorted(done) == ["first", "second"]
    assert pool.submit(lambda: done.append("fourth"))
    wait_until(pool.is_idle, "the last job is done")
