"""A forgotten password, replaced by a link that was mailed to the account's address."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from chatapp.auth import service
from chatapp.auth.oidc import linked_accounts
from chatapp.auth.oidc.linked_accounts import UnconfirmedLink
from chatapp.core.db import atomic, db, now
from chatapp.models import Verification
from tests.support.errors import rest_error
from tests.support.html import Page
from tests.support.mail import CONFIRM, RESET, link_in
from tests.support.password_reset import NEW, addresses, logs_in, reset
from tests.support.world import PASSWORD, Api, register


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
