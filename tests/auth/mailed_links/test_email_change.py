"""Another address for an account: asked for with the password, done by a link that went there."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import update

from chatapp.core.db import atomic, now
from chatapp.models import User
from tests.support.errors import rest_error
from tests.support.html import Page
from tests.support.mail import CONFIRM, RESET, link_in, token_in
from tests.support.world import PASSWORD, Api, register

NEW = "ada@new.example.org"
NEW_LINK = "Confirm your new email address"


@pytest.fixture
def nobody(app):
    return Api(app, None)


@pytest.fixture
def ada(app, mailbox):
    ada = register(app, "Ada")
    mailbox.wait(ada.email, CONFIRM)
    return ada


def ask(person, email: str = NEW, password: str = PASSWORD):
    return person.api.put("/api/users/me/email", {"email": email, "password": password})


def address(person) -> tuple[str, bool]:
    me = person.api.get("/api/users/me").get_json()
    return me["email"], me["email_verified"]


def test_the_email_changes_when_the_link_is_followed(ada, nobody, mailbox):
    assert ask(ada, NEW.upper()).status_code == 202
    mail = mailbox.wait(NEW, NEW_LINK)
    assert link_in(mail).startswith("http://127.0.0.1:5000/verify?token=")
    assert "/settings/account" in link_in(
        mailbox.wait(ada.email, "Your email address is about to change")
    )
    assert address(ada) == (ada.email, False)
    answer = nobody.post("/api/auth/verify", {"token": token_in(mail)})
    assert answer.status_code == 200
    assert answer.get_json()["user"]["email"] == NEW
    assert address(ada) == (NEW, True)
    mailbox.wait(ada.email, "Your email address was changed")
    login = {"email": NEW, "password": PASSWORD}
    assert nobody.post("/api/auth/login", login).status_code == 200
    login["email"] = ada.email
    assert nobody.post("/api/auth/login", login).status_code == 401
    again = nobody.post("/api/auth/verify", {"token": token_in(mail)})
    assert rest_error(again)["fields"] == {"token": "This link has been used already."}


def test_by_pages(app, ada, mailbox):
    answer = ada.client.submit(
        "/settings/account", "/settings/account/email", email=NEW, password=PASSWORD
    )
    assert answer.headers["Location"] == "/settings/account"
    page = ada.client.page("/settings/account")
    assert f"We’ve sent an email to {NEW}" in page.text
    assert f"To change it to {NEW}" in page.text
    path = "/verify?token=" + mailbox.token(NEW, NEW_LINK)
    for _ in range(3):
        assert "Use this address?" in ada.client.page(path).text
    assert address(ada) == (ada.email, False)
    assert ada.client.submit(path, "/verify").headers["Location"] == "/verify"
    assert f"{NEW}" in ada.client.page("/verify").text
    assert address(ada) == (NEW, True)
    assert "To change it" not in ada.client.page("/settings/account").text


def test_an_email_change_needs_the_password(ada, mailbox, drained):
    assert rest_error(ask(ada, password="wrong password"))["code"] == "forbidden"
    missing = ada.api.put("/api/users/me/email", {"email": NEW})
    assert set(rest_error(missing)["fields"]) == {"password"}
    page = ada.client.submit(
        "/settings/account", "/settings/account/email", email=NEW, password="wrong password"
    )
    assert page.status_code == 403
    assert "That password is incorrect." in page.text
    form = Page(page.text).form("/settings/account/email")
    assert (form.fields["email"], form.fields["password"]) == (NEW, "")
    drained()
    assert mailbox.to(NEW) == []


def test_an_account_without_a_password_needs_a_recent_sign_in(app, ada, mailbox):
    with app.app_context(), atomic() as work:
        work.execute(update(User).where(User.id == ada.id).values(password_hash=None))
    assert ada.api.put("/api/users/me/email", {"email": NEW}).status_code == 202
    mailbox.wait(NEW, NEW_LINK)


@pytest.mark.parametrize("email", ["ada@", "", "ada@example.org\r\nBcc: x@example.org"])
def test_malformed_email_addresses(ada, email):
    assert set(rest_error(ask(ada, email))["fields"]) == {"email"}


def test_changing_to_the_current_email_is_refused(ada):
    assert set(rest_error(ask(ada, ada.email))["fields"]) == {"email"}


def test_a_taken_email_is_refused(app, ada):
    bob = register(app, "Bob")
    error = rest_error(ask(ada, bob.email))
    assert (error["code"], set(error["fields"])) == ("conflict", {"email"})


def test_an_email_taken_before_the_link_is_followed(app, ada, nobody, client, mailbox):
    ask(ada)
    token = mailbox.token(NEW, NEW_LINK)
    body = {"email": NEW, "password": PASSWORD, "username": "quick"}
    assert nobody.post("/api/auth/register", body).status_code == 201
    error = rest_error(nobody.post("/api/auth/verify", {"token": token}))
    assert error["code"] == "conflict"
    assert "Another account has this address" in error["message"]
    page = client.submit(f"/verify?token={token}", "/verify")
    assert page.status_code == 409
    assert "Another account has this address" in page.text
    assert 'href="/settings/account"' in page.text
    assert address(ada) == (ada.email, False)


@pytest.mark.database
def test_concurrent_changes_to_the_same_email(app, ada, mailbox):
    bob = register(app, "Bob")
    ask(ada)
    first = mailbox.token(NEW, NEW_LINK)
    ask(bob)
    second = mailbox.token(NEW, NEW_LINK, count=2)
    answers: list[int] = []

    def use(token: str) -> None:
        answers.append(Api(app, None).post("/api/auth/verify", {"token": token}).status_code)

    threads = [threading.Thread(target=use, args=(token,)) for token in (first, second) * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers.count(200) == 1
    assert set(answers) == {200, 409, 422}
    assert [address(ada)[0], address(bob)[0]].count(NEW) == 1


def test_a_new_email_change_replaces_the_pending_one(ada, nobody, mailbox):
    ask(ada)
    first = mailbox.token(NEW, NEW_LINK)
    ask(ada, "ada@other.example.org")
    second = mailbox.token("ada@other.example.org", NEW_LINK)
    assert nobody.post("/api/auth/verify", {"token": first}).status_code == 422
    assert nobody.post("/api/auth/verify", {"token": second}).status_code == 200


def test_a_new_address_ends_links_that_went_to_the_old_one(ada, nobody, mailbox):
    nobody.post("/api/auth/password/forgot", {"email": ada.email})
    dead = [mailbox.token(ada.email, RESET), mailbox.token(ada.email, CONFIRM)]
    ask(ada)
    nobody.post("/api/auth/verify", {"token": mailbox.token(NEW, NEW_LINK)})
    body = {"token": dead[0], "password": "another good password"}
    assert nobody.post("/api/auth/password/reset", body).status_code == 422
    assert nobody.post("/api/auth/verify", {"token": dead[1]}).status_code == 422


def test_a_password_change_revokes_a_pending_email_change(ada, nobody, mailbox):
    """Somebody who was in the account asked; its owner puts them out."""
    ask(ada)
    token = mailbox.token(NEW, NEW_LINK)
    change = {"current_password": PASSWORD, "password": "another good password"}
    assert ada.api.put("/api/users/me/password", change).status_code == 204
    assert nobody.post("/api/auth/verify", {"token": token}).status_code == 422
    assert address(ada)[0] == ada.email


def test_an_account_without_an_address_gets_one(app, ada, nobody, mailbox):
    browser = ada.client
    with app.app_context(), atomic() as work:
        work.execute(update(User).where(User.id == ada.id).values(email=None, updated_at=now()))
    assert "You haven’t added one yet" in browser.page("/settings/account").text
    ask(ada)
    nobody.post("/api/auth/verify", {"token": mailbox.token(NEW, NEW_LINK)})
    assert address(ada) == (NEW, True)


def test_requests_for_a_taken_email_do_not_use_up_its_mails(app, ada, nobody, mailbox):
    bob = register(app, "Bob")
    app.extensions["rate_limiter"].configure(True)
    try:
        for _ in range(6):
            assert ask(bob, ada.email).status_code == 409
        assert nobody.post("/api/auth/password/forgot", {"email": ada.email}).status_code == 202
        mailbox.wait(ada.email, RESET)
    finally:
        app.extensions["rate_limiter"].configure(False)
