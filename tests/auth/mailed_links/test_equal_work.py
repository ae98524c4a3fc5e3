"""Answers take the same work whether or not an address has an account."""

from __future__ import annotations

import pytest

from chatapp.jobs import runner
from chatapp.security import password_hashing
from tests.support.mail import CONFIRM
from tests.support.password_reset import addresses, reset
from tests.support.world import register


def test_a_made_up_token_costs_no_hash(nobody, monkeypatch):
    hashes: list[str] = []
    monkeypatch.setattr("chatapp.auth.mailed_links.password_reset.hash_password", hashes.append)
    assert reset(nobody, "made-up").status_code == 422
    assert hashes == []


@pytest.fixture
def work_of(app, monkeypatch, statements):
    """`work_of(call)`: what a call does before it answers, and its answer."""

    def counted(call):
        done: list[str] = []
        real = password_hashing._verify
        hashed = password_hashing.hash_password
        with monkeypatch.context() as patch, statements() as texts:
            patch.setattr(runner, "run_later", lambda job, after=0: done.append("job"))
            patch.setattr(password_hashing, "_verify", lambda *a: done.append("verify") or real(*a))
            patch.setattr(
                password_hashing, "hash_password", lambda *a: done.append("hash") or hashed(*a)
            )
            answer = call()
        headers = {
            name: value
            for name, value in answer.headers.items()
            if name not in ("X-Request-ID", "Content-Security-Policy", "Set-Cookie")
        }
        return answer.status_code, answer.text, headers, list(texts), done

    return counted


def test_a_reset_request_does_the_same_work_for_every_address(app, nobody, work_of):
    known = addresses(app)
    path = "/api/auth/password/forgot"
    all_work = [work_of(lambda e=e: nobody.post(path, {"email": e})) for e in known]
    status, _, _, texts, done = all_work[0]
    assert status == 202
    assert done == ["job"]
    assert not [text for text in texts if "users" in text or "verifications" in text]
    assert all(work == all_work[0] for work in all_work)


def test_the_forgot_page_does_the_same_work_for_every_address(app, client, work_of):
    known = addresses(app)
    token = client.page("/forgot").csrf_token
    all_work = [
        work_of(lambda e=e: client.post("/forgot", data={"email": e, "csrf_token": token}))
        for e in known
    ]
    assert all_work[0][0] == 303
    assert all_work[0][4] == ["job"]
    assert all(work == all_work[0] for work in all_work)


def test_a_refused_login_does_the_same_work_for_every_address(app, nobody, work_of):
    known = addresses(app)
    password_hashing.check_password(None, "warm")  # the hash of nobody's password is made once
    body = {"password": "not the password"}
    all_work = [
        work_of(lambda e=e: nobody.post("/api/auth/login", {**body, "email": e})) for e in known
    ]
    assert all_work[0][0] == 401
    assert all_work[0][4] == ["verify"]
    assert len(all_work[0][3]) >= 1
    assert all(work == all_work[0] for work in all_work)


def test_sending_again_does_the_same_work_for_everyone(app, mailbox, nobody, work_of):
    ada, bob = register(app, "Ada"), register(app, "Bob")
    nobody.post("/api/auth/verify", {"token": mailbox.token(ada.email, CONFIRM)})
    work = [work_of(lambda p=p: p.api.post("/api/auth/verify/resend")) for p in (ada, bob)]
    assert work[0][0] == 202
    assert work[0][4] == ["job"]
    assert work[0] == work[1]
