"""Changing one's own password: by the API and by the page, with and without one before."""

from __future__ import annotations

from datetime import timedelta
from threading import Thread

import pytest
from sqlalchemy import select, update

from chatapp.auth import authentication
from chatapp.core.db import atomic, db, now
from chatapp.models import SignIn, User
from tests.support.html import Page
from tests.support.pages import PageClient
from tests.support.world import PASSWORD, Api

NEW = "another long secret"
ADDRESS = "/api/users/me/password"


@pytest.fixture
def logged_in(app, world):
    """`logged_in(password)` is Alice's API after logging in, None where it was refused."""

    def log_in(password: str) -> Api | None:
        login = {"email": world.alice.email, "password": password}
        answer = Api(app, None).post("/api/auth/login", login)
        return Api(app, answer.get_json()["token"]) if answer.status_code == 200 else None

    return log_in


def without_password(app, person):
    with app.app_context(), atomic() as work:
        work.execute(update(User).where(User.id == person.id).values(password_hash=None))


def signed_in_for(app, time):
    with app.app_context(), atomic() as work:
        work.execute(update(SignIn).values(created_at=now() - time))


def test_a_new_password_ends_every_other_sign_in(world, logged_in):
    alice, elsewhere = world.alice, logged_in(PASSWORD)
    assert alice.client.get("/people").status_code == 200
    answer = alice.api.put(ADDRESS, {"current_password": PASSWORD, "password": NEW})
    assert answer.status_code == 204, answer.text
    assert alice.api.get("/api/users/me").status_code == 200
    assert elsewhere.get("/api/users/me").status_code == 401
    assert alice.client.get("/people").status_code == 302
    assert logged_in(PASSWORD) is None
    assert logged_in(NEW)
    assert world.bob.api.get("/api/users/me").status_code == 200


@pytest.mark.parametrize("door", ["api", "form"])
@pytest.mark.database
def test_a_login_during_a_password_change_is_refused(app, world, monkeypatch, door):
    """The password is right when it is looked at, and changed before the sign-in is stored."""
    browser = PageClient(app)
    browser.get("/login")
    real = authentication.is_outdated  # asked once the password has proved to be right

    def overtaken(stored):
        monkeypatch.setattr(authentication, "is_outdated", real)
        change = {"current_password": PASSWORD, "password": NEW}
        thread = Thread(target=lambda: answers.append(world.alice.api.put(ADDRESS, change)))
        thread.start()
        thread.join()
        return real(stored)

    answers = []
    monkeypatch.setattr(authentication, "is_outdated", overtaken)
    if door == "api":
        login = {"email": world.alice.email, "password": PASSWORD}
        answer = Api(app, None).post("/api/auth/login", login)
        assert "token" not in answer.get_json()
    else:
        answer = browser.submit("/login", email=world.alice.email, password=PASSWORD)
        assert browser.get("/chats").status_code == 302
    assert [one.status_code for one in answers] == [204]
    assert answer.status_code == 401
    with app.app_context():
        standing = select(SignIn).where(SignIn.user_id == world.alice.id, SignIn.ended_at.is_(None))
        assert len(db.session.scalars(standing).all()) == 1, "the one that changed it"


def test_a_refused_change_changes_nothing(world, logged_in):
    for body, status, fields in (
        ({"password": NEW}, 422, {"current_password"}),
        ({"current_password": "", "password": NEW}, 422, {"current_password"}),
        ({"current_password": "wrong", "password": NEW}, 403, set()),
        ({"current_password": NEW, "password": NEW}, 403, set()),
        ({"current_password": PASSWORD}, 422, {"password"}),
        ({"current_password": PASSWORD, "password": "short"}, 422, {"password"}),
        ({"current_password": PASSWORD, "password": "password1"}, 422, {"password"}),
        ({"current_password": {"$ne": ""}, "password": NEW}, 422, {"current_password"}),
    ):
        answer = world.alice.api.put(ADDRESS, body)
        assert answer.status_code == status, (body, answer.text)
        assert set(answer.get_json()["error"].get("fields", {})) == fields, body
    assert logged_in(NEW) is None
    assert logged_in(PASSWORD)


def test_the_page_changes_the_password_and_rotates_the_session_id(app, world, logged_in):
    client = world.alice.client
    client.get("/settings/account")
    before = client.get_cookie("chatapp_session").value
    answer = client.submit(
        "/settings/account",
        "/settings/account/password",
        current_password=PASSWORD,
        password=NEW,
    )
    assert answer.status_code == 303
    after = client.get_cookie("chatapp_session").value
    assert before != after
    page = client.get("/settings/account")
    assert "Your password has been changed." in page.text
    assert "Your password has been changed." not in client.get("/settings/account").text
    planted = app.test_client()
    planted.set_cookie("chatapp_session", before)
    assert planted.get("/people").status_code == 302, "the old id leads nowhere"
    assert world.alice.api.get("/api/users/me").status_code == 401
    assert logged_in(NEW)


def test_the_api_by_cookie_renews_the_session_too(world):
    client = world.alice.client
    token = Page(client.get("/chats").text).csrf_token
    before = client.get_cookie("chatapp_session").value
    body = {"current_password": PASSWORD, "password": NEW}
    answer = client.put(ADDRESS, json=body, headers={"X-CSRF-Token": token})
    assert answer.status_code == 204
    assert client.get_cookie("chatapp_session").value != before
    assert client.get("/people").status_code == 200


def test_a_refused_page_says_why_and_shows_no_password(world):
    answer = world.alice.client.submit(
        "/settings/account",
        "/settings/account/password",
        current_password="wrong one",
        password=NEW,
    )
    assert answer.status_code == 403
    assert "That password is incorrect." in answer.text
    assert "wrong one" not in answer.text
    assert NEW not in answer.text


def test_accounts_without_a_password_need_a_recent_sign_in(app, world, logged_in):
    without_password(app, world.alice)
    signed_in_for(app, timedelta(minutes=11))
    refused = world.alice.api.put(ADDRESS, {"password": NEW})
    assert refused.status_code == 403
    assert "Log out and log in again" in refused.get_json()["error"]["message"]
    signed_in_for(app, timedelta(minutes=9))
    assert world.alice.api.put(ADDRESS, {"password": NEW}).status_code == 204
    assert logged_in(NEW)


def test_a_service_issued_token_is_no_recent_sign_in(app, world):
    without_password(app, world.alice)
    with app.app_context(), atomic() as work:
        work.execute(update(SignIn).values(kind="service"))
    assert world.alice.api.put(ADDRESS, {"password": NEW}).status_code == 403


def test_the_page_of_an_account_without_a_password_asks_for_none(app, world):
    client = world.alice.client
    client.get("/people")
    without_password(app, world.alice)
    page = client.get("/settings/account")
    assert "current_password" not in page.text
    answer = client.submit("/settings/account", "/settings/account/password", password=NEW)
    assert answer.status_code == 303
    assert (
        "Your password has been set, so you can log in with it"
        in client.page("/settings/account").text
    )


@pytest.mark.database
def test_concurrent_password_changes_do_not_both_succeed(app, world):
    import threading

    statuses: list[int] = []

    def go(number: int) -> None:
        body = {"current_password": PASSWORD, "password": f"{NEW} {number}"}
        statuses.append(world.alice.api.put(ADDRESS, body).status_code)

    threads = [threading.Thread(target=go, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses.count(204) == 1, statuses
    assert set(statuses) <= {204, 403, 409}


def test_the_password_is_stored_as_a_hash_only(app, world):
    world.alice.api.put(ADDRESS, {"current_password": PASSWORD, "password": NEW})
    with app.app_context():
        stored = db.session.scalar(select(User.password_hash).where(User.id == world.alice.id))
    assert stored.startswith("$argon2id$")
