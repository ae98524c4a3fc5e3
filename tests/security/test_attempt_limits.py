"""Guessing passwords, and asking too often: counted in the database, alike at every door."""

from __future__ import annotations

import logging
import threading
from datetime import timedelta

import pytest

from chatapp.core.clock import Interval
from chatapp.core.db import db, now
from chatapp.core.errors import RateLimited, Unauthenticated
from chatapp.models import Attempts
from chatapp.security import attempt_counters, attempt_limits, attempt_rules, password_guesses
from chatapp.security.request_source import Source
from tests.support.guessing import WRONG, lock, log_in
from tests.support.pages import PageClient
from tests.support.world import PASSWORD, Api

pytestmark = pytest.mark.database


def said(answer) -> tuple:
    return answer.status_code, answer.get_json(), answer.headers.get("Retry-After")


def test_the_right_password_is_refused_in_the_same_words(app, ada, limited):
    lock(app, ada.email)
    wrong, right = log_in(app, ada.email, WRONG), log_in(app, ada.email, PASSWORD)
    assert wrong.status_code == right.status_code == 429
    assert wrong.get_json() == right.get_json()
    assert right.get_json()["error"]["code"] == "rate_limited"
    assert "reset your password" in right.get_json()["error"]["message"]
    assert 0 < int(right.headers["Retry-After"]) <= 30


def test_nobody_is_locked_like_somebody(app, ada, limited, monkeypatch):
    moment = now()
    monkeypatch.setattr(attempt_counters, "now", lambda: moment)
    for _ in range(8):
        known, unknown = (log_in(app, name, WRONG) for name in (ada.email, "nobody@example.org"))
        assert said(known) == said(unknown)
    assert known.status_code == 429


def test_nobody_costs_what_somebody_costs(app, ada, limited, statements):
    def work(name: str) -> list[str]:
        with statements() as texts:
            log_in(app, name, WRONG)
        return texts

    work(ada.email), work("nobody@example.org")
    assert work(ada.email) == work("nobody@example.org")


def test_address_and_username_are_one_account(app, ada, limited):
    for name in (ada.email, ada.username, ada.email.upper(), ada.username, f" {ada.email} "):
        assert log_in(app, name, WRONG).status_code == 401
    assert log_in(app, ada.username, PASSWORD).status_code == 429
    assert log_in(app, ada.email, PASSWORD).status_code == 429


@pytest.mark.slow
def test_pauses_grow_and_never_more_than_ten_tries_in_fifteen_minutes(app, ada, limited, clock):
    pauses, tries = [], []
    while clock.passed < timedelta(hours=2):
        answer = log_in(app, ada.email, WRONG)
        if answer.status_code == 401:
            tries.append(clock.passed.total_seconds())
        else:
            pauses.append(int(answer.headers["Retry-After"]))
            clock.wait(pauses[-1])
    assert pauses[:7] == [30, 60, 120, 240, 480, 900, 900]
    for start in tries:
        assert len([one for one in tries if start <= one < start + 900]) <= 10


@pytest.mark.slow
def test_a_sign_in_in_between_wins_no_tries(app, ada, limited, clock):
    """Someone who signs in every now and then doesn't open the door for guessing."""
    failures = 0
    for _ in range(90):
        if log_in(app, ada.email, WRONG).status_code == 401:
            failures += 1
        log_in(app, ada.email, PASSWORD)
        clock.wait(10)
    assert failures <= 10


def test_after_quiet_a_sign_in_forgives(app, ada, limited, clock):
    for _ in range(4):
        log_in(app, ada.email, WRONG)
    clock.wait(16 * 60)
    assert log_in(app, ada.email, PASSWORD).status_code == 200
    for _ in range(4):
        assert log_in(app, ada.email, WRONG).status_code == 401
    assert log_in(app, ada.email, PASSWORD).status_code == 200


@pytest.mark.slow
def test_signing_in_leaves_no_counter(app, ada, limited):
    for _ in range(50):
        assert log_in(app, ada.email, PASSWORD).status_code == 200
    with app.app_context():
        assert db.session.query(Attempts).count() == 0


def at_once(count: int, call) -> list[int]:
    answers: list[int] = []
    threads = [threading.Thread(target=lambda: answers.append(call())) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_guesses_at_the_same_time_gain_nothing(app, ada, limited):
    answers = at_once(20, lambda: log_in(app, ada.email, WRONG).status_code)
    assert sorted(answers) == [401] * 5 + [429] * 15
    assert len(app.extensions["password_guesses"]) == 0


def test_many_right_ones_at_the_same_time_all_pass(app, ada, limited):
    assert at_once(12, lambda: log_in(app, ada.email, PASSWORD).status_code) == [200] * 12


def test_processes_that_know_nothing_of_each_other_count_together(app, ada, limited, monkeypatch):
    """Without the line that a process keeps, only the database is left to count."""
    from contextlib import nullcontext

    monkeypatch.setattr(password_guesses, "_in_turn", lambda rule, subject: nullcontext())
    answers = at_once(20, lambda: log_in(app, ada.email, WRONG).status_code)
    assert sorted(answers) == [401] * 5 + [429] * 15


def test_the_form_counts_with_the_api_and_says_when_and_how(app, ada, limited, client):
    for _ in range(3):
        assert log_in(app, ada.email, WRONG).status_code == 401
    for _ in range(2):
        answer = client.submit("/login", email=ada.email, password=WRONG)
        assert answer.status_code == 401
    answer = client.submit("/login", email=ada.email, password=PASSWORD)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 30
    assert "Too many wrong passwords. Try again in" in answer.text
    assert "or reset your password" in answer.text
    assert ada.email in answer.text, "what was typed stays"
    assert log_in(app, ada.email, PASSWORD).status_code == 429


def test_lifted(app, ada, limited):
    lock(app, ada.email)
    with app.app_context():
        password_guesses.clear_failures(ada.id)
    assert log_in(app, ada.email, PASSWORD).status_code == 200


@pytest.mark.slow
def test_one_address_fails_at_many_accounts(app, ada, limited, clock):
    for number in range(60):
        assert log_in(app, f"nobody{number}@example.org", WRONG, "192.0.2.9").status_code == 401
    refused = log_in(app, ada.email, PASSWORD, "192.0.2.9")
    assert refused.status_code == 429
    assert "your network" in refused.get_json()["error"]["message"]
    assert log_in(app, ada.email, PASSWORD, "192.0.2.10").status_code == 200
    clock.wait(int(refused.headers["Retry-After"]))
    assert log_in(app, ada.email, PASSWORD, "192.0.2.9").status_code == 200


@pytest.mark.slow
def test_an_ipv6_network_is_one_address(app, ada, limited):
    for number in range(60):
        log_in(app, f"nobody{number}@example.org", WRONG, f"2001:db8::{number:x}")
    assert log_in(app, ada.email, PASSWORD, "2001:db8::ffff").status_code == 429
    assert log_in(app, ada.email, PASSWORD, "2001:db8:0:1::1").status_code == 200


def test_registrations_of_one_address(app, limited, clock):
    def registered(number: int, address: str = "192.0.2.1"):
        body = {"email": f"p{number}@example.org", "password": PASSWORD}
        return Api(app, None).call(
            "POST", "/api/auth/register", body, environ_base={"REMOTE_ADDR": address}
        )

    assert [registered(number).status_code for number in range(10)] == [201] * 10
    assert [registered(0).status_code for number in range(20)] == [409] * 20
    refused = registered(11)
    assert refused.status_code == 429
    assert "60 minutes" in refused.get_json()["error"]["message"]
    assert registered(11, "192.0.2.2").status_code == 201
    page = PageClient(app).submit("/register", name="Eve", email="eve@x.org", password=PASSWORD)
    assert page.status_code == 303, "another address"
    clock.wait(3600)
    assert registered(12).status_code == 201


def test_the_password_asked_for_once_more(app, ada, limited):
    """Someone at an open laptop doesn't guess, and strangers can't keep its owner from it."""
    lock(app, ada.email)
    for _ in range(5):
        assert ada.api.delete("/api/users/me", {"password": WRONG}).status_code == 403
    assert ada.api.delete("/api/users/me", {"password": PASSWORD}).status_code == 429


@pytest.mark.slow
def test_off_counts_nothing(app, ada):
    for _ in range(70):
        assert log_in(app, ada.email, WRONG).status_code == 401
    assert log_in(app, ada.email, PASSWORD).status_code == 200
    with app.app_context():
        assert db.session.query(Attempts).count() == 0


def test_what_the_table_tells(app, ada, limited):
    log_in(app, ada.email, WRONG, "192.0.2.77")
    with app.app_context():
        keys = [one.key for one in db.session.query(Attempts)]
    assert len(keys) == 2
    assert all(len(key) == 64 for key in keys)


def test_quota_and_silence(context, limited):
    quota = attempt_rules.Quota("test", 2, timedelta(hours=1), "Enough.")
    assert [attempt_limits.try_spend(quota, "a") for _ in range(3)] == [True, True, False]
    attempt_limits.check(quota, "b")
    with pytest.raises(RateLimited, match=r"Enough. Try again in 60 minutes\."):
        attempt_limits.check(quota, "a")


def test_what_counts_no_more_is_deleted(context, limited, clock, monkeypatch):
    quota = attempt_rules.Quota("test", 2, timedelta(hours=1), "Enough.")
    attempt_limits.spend(quota, "a")
    clock.wait(3601)
    monkeypatch.setitem(context.extensions, "attempts_sweep", Interval(600))
    attempt_limits.spend(quota, "b")
    assert db.session.query(Attempts).count() == 1


def test_a_guess_that_ends_in_an_accident_counts(context, limited):
    source = Source("192.0.2.1")
    for _ in range(5):
        with pytest.raises(ZeroDivisionError), password_guesses.guess("a", source):
            raise ZeroDivisionError
    with pytest.raises(RateLimited), password_guesses.guess("a", source):
        raise Unauthenticated


def test_what_the_log_tells(app, ada, limited, caplog):
    caplog.set_level(logging.INFO, "chatapp.auth")
    for _ in range(5):
        log_in(app, "hunter2 typed in the wrong field", WRONG, "192.0.2.7")
    log_in(app, ada.email, WRONG, "192.0.2.7")
    log_in(app, ada.email, PASSWORD)
    records = [one for one in caplog.records if one.name == "chatapp.auth"]
    events = [(one.getMessage(), getattr(one, "user_id", None)) for one in records]
    assert events == [
        *[("sign-in failed", None)] * 4,
        ("limit reached", None),
        ("sign-in failed", None),
        ("sign-in failed", ada.id),
        ("signed in", ada.id),
    ]
    assert {getattr(one, "address", "192.0.2.7") for one in records} == {
        "192.0.2.7",
        "192.0.2.1",
    }
    told = str([vars(one) for one in records])
    for secret in (WRONG, PASSWORD, "hunter2"):
        assert secret not in told
