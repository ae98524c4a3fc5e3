"""A forgotten password, replaced by a link that was mailed to the account's address."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from chatapp.auth import service
from chatapp.auth.oidc import linked_accounts
from chatapp.auth.oidc.linked_accounts import UnconfirmedLink
from chatapp.core.db import atomic, db, now
from chatapp.jobs import runner
from chatapp.models import User, Verification
from chatapp.security import attempt_limits, password_hashing, rate_limits
from tests.support.errors import rest_error
from tests.support.html import Page
from tests.support.mail import CONFIRM, RESET, link_in
from tests.support.pages import PageClient
from tests.support.world import PASSWORD, Api, register

NEW = "another good password"


@pytest.fixture
def nobody(app):
    return Api(app, None)


@pytest.fixture
def forgotten(nobody, mailbox):
    """`forgotten(ada)`: the token that is mailed to her."""

    def forget(person, count: int = 1) -> str:
        answer = nobody.post("/api/auth/password/forgot", {"email": person.email.upper()})
        assert (answer.status_code, answer.text) == (202, "")
        return mailbox.token(person.email, RESET, count)

    return forget


def reset(nobody, token: str, password: str = NEW):
    return nobody.post("/api/auth/password/reset", {"token": token, "password": password})


def logs_in(nobody, email: str, password: str) -> bool:
    body = {"email": email, "password": password}
    return nobody.post("/api/auth/login", body).status_code == 200


def test_a_new_password_by_a_mailed_link(app, nobody, forgotten, mailbox):
    ada = register(app, "Ada")
    assert reset(nobody, forgotten(ada)).status_code == 204
    assert not logs_in(nobody, ada.email, PASSWORD)
    assert logs_in(nobody, ada.email, NEW)
    assert "/forgot" in link_in(mailbox.wait(ada.email, "Your password was changed"))


def test_a_reset_ends_all_tokens_and_sessions(app, nobody, forgotten):
    ada, bob = register(app, "Ada"), register(app, "Bob")
    assert ada.client.get("/chats").status_code == 200
    token = forgotten(ada)
    assert ada.api.get("/api/users/me").status_code == 200, "asking for it changes nothing"
    reset(nobody, token)
    assert ada.api.get("/api/users/me").status_code == 401
    assert ada.client.get("/chats").status_code == 302
    assert bob.api.get("/api/users/me").status_code == 200


def test_a_reset_verifies_the_email(app, nobody, forgotten, mailbox):
    ada = register(app, "Ada")
    confirm = mailbox.token(ada.email, CONFIRM)
    reset(nobody, forgotten(ada))
    body = {"email": ada.email, "password": NEW}
    assert nobody.post("/api/auth/login", body).get_json()["user"]["email_verified"]
    assert nobody.post("/api/auth/verify", {"token": confirm}).status_code == 422


def test_by_pages(app, client, mailbox):
    ada = register(app, "Ada")
    assert 'href="/forgot"' in client.get("/login").text
    sent = client.submit("/forgot", email=ada.email)
    assert sent.headers["Location"] == "/forgot?sent=1"
    assert "Check your email" in client.page("/forgot?sent=1").text
    path = "/reset?token=" + mailbox.token(ada.email, RESET)
    for _ in range(3):  # programs that look at links before people do
        page = client.get(path)
        assert page.status_code == 200
        assert page.headers["Referrer-Policy"] == "no-referrer"
        assert page.headers["Cache-Control"] == "no-store"
    short = client.submit(path, "/reset", password="short")
    assert short.status_code == 422
    assert "at least 8 characters" in short.text
    form = Page(short.text).form("/reset")
    assert form.fields["password"] == ""
    done = client.post("/reset", data={**form.fields, "password": NEW})
    assert done.headers["Location"] == "/login"
    assert "Your password has been changed" in client.page("/login").text
    client.submit("/login", email=ada.email, password=NEW)
    assert client.get("/chats").status_code == 200


def test_a_browser_that_is_signed_in_is_signed_out_too(app, forgotten):
    ada = register(app, "Ada")
    assert ada.client.get("/chats").status_code == 200
    path = f"/reset?token={forgotten(ada)}"
    assert ada.client.submit(path, "/reset", password=NEW).status_code == 303
    assert ada.client.get("/chats").status_code == 302


def test_pages_need_no_referrer_over_https(app, client, forgotten):
    """Which is what they ask browsers for, while protection of forms likes to insist on it."""
    ada = register(app, "Ada")
    token = forgotten(ada)
    secure = {"base_url": "https://localhost"}
    form = Page(client.get(f"/reset?token={token}", **secure).text).form("/reset")
    done = client.post("/reset", data={**form.fields, "password": NEW}, **secure)
    assert done.status_code == 303
    foreign = client.post("/reset", data={"token": token, "password": NEW}, **secure)
    assert foreign.status_code == 403


def test_a_link_works_once(app, nobody, client, forgotten):
    ada = register(app, "Ada")
    token = forgotten(ada)
    assert reset(nobody, token).status_code == 204
    error = rest_error(reset(nobody, token, "a third password"))
    assert error["fields"] == {"token": "This link has been used already."}
    page = client.get(f"/reset?token={token}")
    assert page.status_code == 422
    assert "has been used already" in page.text
    assert 'href="/forgot"' in page.text
    assert logs_in(nobody, ada.email, NEW)


@pytest.mark.database
def test_concurrent_uses_of_a_link_count_once(app, nobody, forgotten):
    ada = register(app, "Ada")
    token = forgotten(ada)
    answers: dict[str, int] = {}

    def use(password: str) -> None:
        answers[password] = reset(Api(app, None), token, password).status_code

    threads = [threading.Thread(target=use, args=(f"good password {n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers.values()) == [204, *[422] * 7]
    (winner,) = (password for password, status in answers.items() if status == 204)
    assert logs_in(nobody, ada.email, winner)


@pytest.mark.database
def test_a_link_expires_after_60_minutes(app, nobody, client, forgotten):
    ada = register(app, "Ada")
    token = forgotten(ada)
    with app.app_context(), atomic() as work:
        link = work.scalars(select(Verification).where(Verification.purpose == "reset")).one()
        lifetime = link.expires_at - link.created_at
        assert abs(lifetime - timedelta(minutes=60)) < timedelta(seconds=1)
        link.expires_at = now() - timedelta(seconds=1)
    assert rest_error(reset(nobody, token))["fields"] == {"token": "This link has expired."}
    assert "This link has expired." in client.get(f"/reset?token={token}").text
    assert logs_in(nobody, ada.email, PASSWORD)


def test_a_newer_link_replaces_older_ones(app, nobody, forgotten):
    ada = register(app, "Ada")
    first, second = forgotten(ada), forgotten(ada, 2)
    assert "a newer one" in rest_error(reset(nobody, first))["fields"]["token"]
    assert reset(nobody, second).status_code == 204


def test_a_weak_password_does_not_use_up_the_link(app, nobody, forgotten):
    ada = register(app, "Ada")
    token = forgotten(ada)
    for password in ("short", "password123", "x" * 129):
        assert set(rest_error(reset(nobody, token, password))["fields"]) == {"password"}
    assert reset(nobody, token).status_code == 204


def test_a_password_change_revokes_links_and_notifies_the_owner(app, nobody, forgotten, mailbox):
    ada = register(app, "Ada")
    tokens = [forgotten(ada), mailbox.token(ada.email, CONFIRM)]
    change = {"current_password": PASSWORD, "password": NEW}
    assert ada.api.put("/api/users/me/password", change).status_code == 204
    assert reset(nobody, tokens[0]).status_code == 422
    assert nobody.post("/api/auth/verify", {"token": tokens[1]}).status_code == 422
    assert "/forgot" in link_in(mailbox.wait(ada.email, "Your password was changed"))


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


def addresses(app) -> list[str]:
    """One that is somebody's, one of an account that is off, one without password, nobody's."""
    register(app, "Ada")
    off = register(app, "Bob")
    with app.app_context():
        service.create_account(service.NewAccount(email="google@example.org"))
        with atomic() as work:
            work.execute(update(User).where(User.id == off.id).values(is_active=False))
    return ["ada@example.org", off.email, "google@example.org", "nobody@example.org"]


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


def test_unknown_addresses_get_no_reset_mail(app, nobody, mailbox, drained):
    known = addresses(app)
    for email in known:
        nobody.post("/api/auth/password/forgot", {"email": email})
    drained()
    assert [len(mailbox.to(email, RESET)) for email in known] == [1, 0, 1, 0]


def test_a_malformed_address_is_reported(nobody, client):
    error = rest_error(nobody.post("/api/auth/password/forgot", {"email": "ada@"}))
    assert set(error["fields"]) == {"email"}
    page = client.submit("/forgot", email="ada@")
    assert page.status_code == 422
    assert Page(page.text).form("/forgot").fields["email"] == "ada@"


def test_an_account_without_a_password_gets_one(app, nobody, forgotten):
    with app.app_context():
        user = service.create_account(service.NewAccount(email="ada@example.org"))
        assert user.password_hash is None
    assert reset(nobody, forgotten(user)).status_code == 204
    assert logs_in(nobody, user.email, NEW)


def test_only_the_tokens_hash_is_stored(app, forgotten):
    ada = register(app, "Ada")
    token = forgotten(ada)
    with app.app_context():
        for row in db.session.scalars(select(Verification)):
            assert token not in str(vars(row))


def test_a_reset_removes_links_made_before_the_email_was_verified(app, nobody, forgotten, mailbox):
    """They registered with it, and connected an account elsewhere that is theirs."""
    ada, bob = register(app, "Ada"), register(app, "Bob")
    nobody.post("/api/auth/verify", {"token": mailbox.token(bob.email, CONFIRM)})
    with app.app_context():
        for person in (ada, bob):
            linked_accounts.connect(
                UnconfirmedLink(person.id, "https://provider.example", person.id, "x@example.org")
            )
    for person in (ada, bob):
        assert reset(nobody, forgotten(person)).status_code == 204
    with app.app_context():
        assert linked_accounts.list_linked_accounts(ada.id) == []
        kept = linked_accounts.list_linked_accounts(bob.id)
        assert len(kept) == 1, "Bob's address is confirmed, so his link stays"


@pytest.fixture
def limited(app):
    rate_limits.configure(True)
    yield
    rate_limits.configure(False)


def test_a_reset_lifts_the_pause(app, nobody, forgotten, limited):
    ada = register(app, "Ada")
    for _ in range(6):
        logs_in(nobody, ada.email, "wrong")
    assert not logs_in(nobody, ada.email, PASSWORD)
    assert reset(nobody, forgotten(ada)).status_code == 204
    assert logs_in(nobody, ada.email, NEW)


def test_a_reset_lifts_the_pause_of_the_own_browser(app, nobody, forgotten, limited):
    ada = register(app, "Ada")
    own = PageClient(app)
    own.submit("/login", email=ada.email, password=PASSWORD)
    own.submit("/chats", "/logout")
    for _ in range(5):
        assert own.submit("/login", email=ada.email, password="wrong").status_code == 401
    assert own.submit("/login", email=ada.email, password=PASSWORD).status_code == 429
    assert reset(nobody, forgotten(ada)).status_code == 204
    assert own.submit("/login", email=ada.email, password=NEW).status_code == 303


@pytest.mark.parametrize("door", ["page", "rest"])
def test_guessing_does_not_lock_the_owner_out_after_a_reset(app, nobody, forgotten, limited, door):
    ada, own = register(app, "Ada"), PageClient(app)
    token = forgotten(ada)
    if door == "page":
        answer = own.submit(f"/reset?token={token}", "/reset", password=NEW)
    else:
        answer = own.post("/api/auth/password/reset", json={"token": token, "password": NEW})
    assert answer.status_code in (204, 303)
    for _ in range(6):
        logs_in(nobody, ada.email, "wrong")
    assert not logs_in(nobody, ada.email, NEW), "locked elsewhere"
    assert own.submit("/login", email=ada.email, password=NEW).status_code == 303


def test_one_address_gets_5_mails_an_hour_without_an_error(app, nobody, mailbox, drained, limited):
    ada = register(app, "Ada")
    for _ in range(7):
        answer = nobody.post("/api/auth/password/forgot", {"email": ada.email})
        assert answer.status_code == 202
        drained()
    assert len(mailbox.to(ada.email, RESET)) == 5


def test_mails_per_network_are_limited(app, nobody, client, limited):
    path = "/api/auth/password/forgot"
    asked = [
        nobody.post(path, {"email": f"nobody{n}@example.org"})
        for n in range(attempt_limits.MAILS.most + 1)
    ]
    assert {answer.status_code for answer in asked[:-1]} == {202}
    assert rest_error(asked[-1])["code"] == "rate_limited"
    assert int(asked[-1].headers["Retry-After"]) > 0
    page = client.submit("/forgot", email="ada@example.org")
    assert page.status_code == 429
    assert "Many mails were asked for" in page.text


@pytest.mark.slow
def test_guessing_links_is_limited(app, nobody, client, forgotten, limited):
    ada = register(app, "Ada")
    token = forgotten(ada)
    for n in range(attempt_limits.LINKS.most):
        assert reset(nobody, f"guess-{n}").status_code == 422
    assert rest_error(reset(nobody, token))["code"] == "rate_limited"
    verify = nobody.post("/api/auth/verify", {"token": "x"})
    assert rest_error(verify)["code"] == "rate_limited"
    page = client.submit(f"/reset?token={token}", "/reset", password=NEW)
    assert page.status_code == 429
    assert "Too many links" in page.text
