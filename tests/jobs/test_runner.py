"""Jobs in the background: their context, and their failures."""

from __future__ import annotations

import threading

import flask

from chatapp.core import logs
from chatapp.jobs import runner
from tests.support.waiting import wait_until


def test_a_job_runs_in_a_context_of_its_app_with_the_id_of_its_request(context, drained):
    seen = []
    token = logs.request_id.set("abc-1")
    try:
        runner.run_later(lambda: seen.append((flask.current_app.name, logs.request_id.get())))
    finally:
        logs.request_id.reset(token)
    drained()
    assert seen == [("chatapp", "abc-1")]


def test_a_failing_job_is_logged_and_holds_up_no_other(context, drained, caplog):
    done = []
    runner.run_later(lambda: 1 / 0)
    runner.run_later(lambda: done.append("next"))
    drained()
    assert done == ["next"]
    assert "a background job failed" in caplog.text


def test_jobs_wait_in_the_queue_of_their_own_app():
    one, two = flask.Flask("one"), flask.Flask("two")
    for app in (one, two):
        runner.init_app(app)
    go_on, ran_in = threading.Event(), []
    with one.app_context():
        for _ in range(runner.MAX_WORKERS):
            runner.run_later(lambda: go_on.wait(10) and None)
    with two.app_context():
        runner.run_later(lambda: ran_in.append(flask.current_app.name))
    wait_until(two.extensions["jobs"].is_idle, "the second app's job is done")
    assert ran_in == ["two"]
    assert not one.extensions["jobs"].is_idle()
    go_on.set()
    wait_until(one.extensions["jobs"].is_idle, "the first app's jobs are done")
