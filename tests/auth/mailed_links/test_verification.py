"""Confirming the address of an account, by the link that was mailed to it."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from chatapp.auth import service
from chatapp.core.db import atomic, db, now
from chatapp.models import User, Verification
from chatapp.security.opaque_tokens import digest
from tests.support.errors import rest_error
from tests.support.html import Page
from tests.support.mail import CONFIRM, link_in, token_in, words
from tests.support.world import PASSWORD, Api, register


@pytest.fixture
def nobody(app):
    return Api(app, None)


def verified(app, email: str) -> bool:
    with app.app_context():
        return (
            db.session.scalar(select(User.email_verified_at).where(User.email == email)) is not None
        )


def expire(app) -> None:
    with app.app_context(), atomic() as work:
        work.execute(update(Verification).values(expires_at=now() - timedelta(seconds=1)))


def test_registering_mails_a_link_that_confirms_the_address(app, nobody, mailbox):
    ada = register(app, "Ada")
    mail = mailbox.wait(ada.email, CONFIRM)
    assert not ada.api.get("/api/users/me").get_json()["email_verified"]
    answer = nobody.post("/api/auth/verify", {"token": token_in(mail)})
    assert answer.status_code == 200
    assert answer.get_json() == {"user": ada.api.get("/api/users/me").get_json()}
    assert answer.get_json()["user"]["email_verified"]


def test_registering_by_the_page_mails_it_too(client, mailbox):
    client.submit("/register", name="Ada", email="ada@example.org", password=PASSWORD)
    assert link_in(mailbox.wait("ada@example.org", CONFIRM)).startswith("http://127.0.0.1:")


def test_the_mail_is_text_and_html_without_names(app, mailbox):
    """Else whoever registers could write to any address, in a name that says what they like."""
    Api(app, None).post(
        "/api/auth/register",
        {
            "email": "ada@example.org",
            "password": PASSWORD,
            "name": "<b>You won, see evil.example</b>",
            "username": "www.evil.example",
        },
    )
    mail = mailbox.wait("ada@example.org", CONFIRM)
    for kind in ("plain", "html"):
        assert link_in(mail) in words(mail, kind)
        assert "evil" not in words(mail, kind)
    assert mail["From"] == "noreply@localhost"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert "evil" not in str(mail)


def test_the_page_confirms_when_its_button_is_pressed(app, client, mailbox):
    ada = register(app, "Ada")
    path = "/verify?token=" + mailbox.token(ada.email, CONFIRM)
    for _ in range(3):  # programs that look at links before people do
        page = client.get(path)
        assert page.status_code == 200
        assert ada.email in page.text
        assert page.headers["Referrer-Policy"] == "no-referrer"
        assert page.headers["Cache-Control"] == "no-store"
        assert client.head(path).status_code == 200
    assert not verified(app, ada.email)
    answer = client.submit(path, "/verify")
    assert answer.headers["Location"] == "/login"
    assert "Your email address is confirmed" in client.page("/login").text
    assert verified(app, ada.email)
    again = client.get(path)
    assert again.status_code == 422
    assert "has been used already. The address is confirmed: log in to continue" in again.text


def test_the_page_of_someone_signed_in(app, mailbox):
    ada = register(app, "Ada")
    path = "/verify?token=" + mailbox.token(ada.email, CONFIRM)
    assert "We’ve sent an email to ada@example.org" in ada.client.page("/verify").text
    answer = ada.client.submit(path, "/verify")
    assert answer.headers["Location"] == "/verify"
    page = " ".join(ada.client.page("/verify").text.split())
    assert "Your email address is confirmed" in page
    used = ada.client.get(path)
    assert used.status_code == 422
    assert "is confirmed. You can change it in your settings" in used.text


def test_a_link_works_once(app, nobody, mailbox):
    ada = register(app, "Ada")
    token = mailbox.token(ada.email, CONFIRM)
    assert nobody.post("/api/auth/verify", {"token": token}).status_code == 200
    error = rest_error(nobody.post("/api/auth/verify", {"token": token}))
    assert error["code"] == "validation_failed"
    assert error["fields"] == {"token": "This link has been used already."}


@pytest.mark.database
def test_concurrent_uses_of_a_link_count_once(app, mailbox):
    ada = register(app, "Ada")
    token = mailbox.token(ada.email, CONFIRM)
    answers: list[int] = []

    def use() -> None:
        answers.append(Api(app, None).post("/api/auth/verify", {"token": token}).status_code)

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200, *[422] * 7]


def test_a_link_expires_after_48_hours(app, nobody, client, mailbox):
    ada = register(app, "Ada")
    with app.app_context():
        link = db.session.scalars(select(Verification)).one()
        lifetime = link.expires_at - link.created_at
        assert abs(lifetime - timedelta(hours=48)) < timedelta(seconds=1)
    expire(app)
    token = mailbox.token(ada.email, CONFIRM)
    error = rest_error(nobody.post("/api/auth/verify", {"token": token}))
    assert error["fields"] == {"token": "This link has expired."}
    page = client.get(f"/verify?token={token}")
    assert page.status_code == 422
    assert "Log in, and we’ll send you a new one" in page.text
    assert 'href="/login?next=/verify"' in page.text
    page = ada.client.get(f"/verify?token={token}")
    assert Page(page.text).form("/verify/resend")
    assert not verified(app, ada.email)


def test_a_newer_link_replaces_older_ones(app, nobody, mailbox):
    ada = register(app, "Ada")
    first = mailbox.token(ada.email, CONFIRM)
    assert ada.api.post("/api/auth/verify/resend").status_code == 202
    second = mailbox.token(ada.email, CONFIRM, count=2)
    error = rest_error(nobody.post("/api/auth/verify", {"token": first}))
    assert "There is a newer one" in error["fields"]["token"]
    assert nobody.post("/api/auth/verify", {"token": second}).status_code == 200


def test_resending_from_the_page(app, mailbox):
    ada = register(app, "Ada")
    mailbox.wait(ada.email, CONFIRM)
    answer = ada.client.submit("/verify", "/verify/resend")
    assert answer.headers["Location"] == "/verify"
    assert "A new email is on its way" in ada.client.page("/verify").text
    mailbox.wait(ada.email, CONFIRM, count=2)


@pytest.mark.slow
def test_resending_too_often_shows_an_error(app, mailbox):
    ada = register(app, "Ada")
    app.extensions["rate_limiter"].configure(True)
    try:
        for _ in range(6):
            ada.client.submit("/verify", "/verify/resend")
    finally:
        app.extensions["rate_limiter"].configure(False)
    page = ada.client.get("/verify").text
    assert '<p class="notice" role="alert">Several mails were sent already' in page


def test_once_confirmed_the_page_promises_no_mail(app, nobody, mailbox):
    ada = register(app, "Ada")
    stale = ada.client.page("/verify").form("/verify/resend").fields
    nobody.post("/api/auth/verify", {"token": mailbox.token(ada.email, CONFIRM)})
    assert ada.client.post("/verify/resend", data=stale).headers["Location"] == "/verify"
    assert "Your email address is confirmed" in ada.client.page("/verify").text
    assert "on its way" not in ada.client.page("/settings/account").text


def test_a_confirmed_address_gets_no_more_mails(app, nobody, mailbox, drained):
    ada = register(app, "Ada")
    nobody.post("/api/auth/verify", {"token": mailbox.token(ada.email, CONFIRM)})
    assert ada.api.post("/api/auth/verify/resend").status_code == 202
    drained()
    assert len(mailbox.to(ada.email)) == 1


def test_malformed_link_tokens(nobody, client):
    for token in ("", "x", "é" * 50, "x" * 200, "\x00"):
        error = rest_error(nobody.post("/api/auth/verify", {"token": token}))
        assert error["code"] == "validation_failed", token
    for body in ({}, {"token": None}, {"token": ["x"]}, {"token": {"$ne": None}}):
        assert nobody.post("/api/auth/verify", body).status_code == 422, body
    assert nobody.post("/api/auth/verify", {"token": "x" * 100_000}).status_code == 422
    assert client.get("/verify?token=" + "x" * 5000).status_code == 422
    assert client.get("/verify").headers["Location"] == "/login?next=/verify"


def test_a_link_works_for_its_purpose_only(app, nobody, mailbox):
    ada = register(app, "Ada")
    verify = mailbox.token(ada.email, CONFIRM)
    body = {"token": verify, "password": "another good password"}
    assert nobody.post("/api/auth/password/reset", body).status_code == 422
    assert nobody.post("/api/auth/verify", {"token": verify}).status_code == 200


@pytest.mark.parametrize("change", [{"is_active": False}, {"deleted_at": now()}])
def test_deleted_accounts_cannot_confirm_links(app, nobody, mailbox, change):
    ada = register(app, "Ada")
    token = mailbox.token(ada.email, CONFIRM)
    with app.app_context(), atomic() as work:
        work.execute(update(User).values(**change))
    assert nobody.post("/api/auth/verify", {"token": token}).status_code == 422


def test_deleting_the_account_ends_its_links(app, nobody, mailbox):
    ada = register(app, "Ada")
    token = mailbox.token(ada.email, CONFIRM)
    assert ada.api.delete("/api/users/me", {"password": PASSWORD}).status_code == 204
    assert nobody.post("/api/auth/verify", {"token": token}).status_code == 422
    with app.app_context():
        assert db.session.scalars(select(Verification)).all() == []


def test_a_link_token_is_stored_as_a_hash_and_unguessable(app, mailbox):
    ada = register(app, "Ada")
    token = mailbox.token(ada.email, CONFIRM)
    assert len(bytes.fromhex(token)) * 8 == 192
    with app.app_context():
        link = db.session.scalars(select(Verification)).one()
        assert token not in str(vars(link))
        assert token.encode() not in link.token_hash
        assert link.token_hash == digest(token)


def test_links_use_base_url_whatever_the_host_header_says(app, mailbox):
    evil = {
        "Host": "evil.example",
        "X-Forwarded-Host": "evil.example",
        "Forwarded": "host=evil.example",
    }
    body = {"email": "ada@example.org", "password": PASSWORD}
    Api(app, None).call("POST", "/api/auth/register", body, headers=evil)
    Api(app, None).call(
        "POST", "/api/auth/password/forgot", {"email": "ada@example.org"}, headers=evil
    )
    mailbox.wait("ada@example.org", "password")
    for mail in mailbox.to("ada@example.org"):
        assert link_in(mail).startswith("http://127.0.0.1:5000/")
        assert "evil" not in str(mail)


def test_a_verified_address_gets_no_link(app, mailbox, drained):
    with app.app_context():
        made = service.NewAccount(email="ada@example.org", email_verified=True)
        assert service.create_account(made).email_verified_at is not None
    drained()
    assert mailbox.to("ada@example.org") == []


def test_a_refused_registration_sends_no_mail(app, nobody, mailbox, drained):
    ada = register(app, "Ada")
    again = {"email": ada.email, "password": PASSWORD}
    assert nobody.post("/api/auth/register", again).status_code == 409
    drained()
    assert len(mailbox.to(ada.email)) == 1
