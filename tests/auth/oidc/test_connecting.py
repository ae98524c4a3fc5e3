"""Connecting an account to a provider, and disconnecting it, on the account page."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select

from chatapp.auth.oidc import linked_accounts
from chatapp.core.db import atomic, db
from chatapp.core.errors import Conflict, NotFound
from chatapp.models import LinkedAccount, SignIn, User
from tests.support.html import Page
from tests.support.mail import link_in
from tests.support.oidc import come_back, everyone, links, sign_in, signed_in
from tests.support.pages import PageClient
from tests.support.provider import ADA
from tests.support.world import PASSWORD, register


def test_connecting_needs_the_password(app, world, provider):
    client = world.alice.client
    answer = sign_in(client, provider, "/auth/google/connect")
    assert answer.headers["Location"] == "/auth/google/confirm"
    assert links(app) == 0
    assert client.submit("/auth/google/confirm", password="wrong").status_code == 403
    cookie = client.get_cookie("chatapp_session").value
    assert client.submit("/auth/google/confirm", password=PASSWORD).status_code == 303
    assert client.get_cookie("chatapp_session").value == cookie, "signed in as before"
    assert all(one.email_verified_at is None for one in everyone(app)), "it is another address"
    other = PageClient(app)
    sign_in(other, provider)
    assert "Alice" in other.get("/chats").text
    assert len(everyone(app)) == 3


def test_connecting_without_a_password_needs_a_recent_sign_in(app, client, provider):
    sign_in(client, provider)
    provider.person |= {"sub": "another", "email": "other@example.org"}
    sign_in(client, provider, "/auth/google/connect")
    assert 'type="password"' not in client.get("/auth/google/confirm").text
    with app.app_context(), atomic() as work:
        mine = work.scalars(select(SignIn)).one()
        mine.created_at -= timedelta(hours=1)
    stale = client.submit("/auth/google/confirm")
    assert stale.status_code == 403
    assert "Log out and log in again" in stale.text
    assert links(app) == 1
    with app.app_context(), atomic() as work:
        work.scalars(select(SignIn)).one().created_at += timedelta(hours=1)
    assert client.submit("/auth/google/confirm").status_code == 303
    assert links(app) == 2
    page = client.get("/settings/account").text
    assert page.count("/settings/account/disconnect") == 2, "either can go, not both"


def test_the_account_page_shows_what_is_connected(app, world, provider):
    client = world.alice.client
    assert 'href="/auth/google/connect"' in client.get("/settings/account").text
    sign_in(client, provider, "/auth/google/connect")
    answer = client.submit("/auth/google/confirm", password=PASSWORD)
    assert answer.headers["Location"] == "/settings/account"
    page = client.get("/settings/account").text
    assert "ada@example.org" in page
    assert "Connected. You can now log in with" in page
    assert client.submit("/settings/account", "/settings/account/disconnect").status_code == 303
    assert links(app) == 0
    assert "Disconnected" in client.get("/settings/account").text
    other = PageClient(app)
    assert sign_in(other, provider).headers["Location"] == "/"
    assert "Ada Lovelace" in other.get("/chats").text, "somebody else from now on"


def test_the_account_page_says_why_the_last_way_in_stays(app, client, provider):
    sign_in(client, provider)
    page = client.get("/settings/account")
    assert "only way to log in" in page.text
    assert "/settings/account/disconnect" not in page.text
    with app.app_context():
        id_ = db.session.scalars(select(LinkedAccount.id)).one()
    token = Page(page.text).meta["csrf-token"]
    fields = {"csrf_token": token, "id": id_}
    answer = client.post("/settings/account/disconnect", data=fields)
    assert answer.status_code == 409
    assert "Set a password first" in answer.text
    assert links(app) == 1


def test_the_account_page_without_a_provider(world):
    assert "Connected accounts" not in world.alice.client.get("/settings/account").text


def test_a_provider_account_of_another_user_cannot_be_connected(app, world, provider):
    sign_in(PageClient(app), provider)
    client = world.alice.client
    sign_in(client, provider, "/auth/google/connect")
    answer = client.submit("/auth/google/confirm", password=PASSWORD)
    assert answer.status_code == 409
    assert "connected to another account" in answer.text
    other = PageClient(app)
    sign_in(other, provider)
    assert "Ada Lovelace" in other.get("/chats").text


def test_connecting_twice_changes_nothing(app, world, provider):
    client = world.alice.client
    for _ in range(2):
        sign_in(client, provider, "/auth/google/connect")
        assert client.submit("/auth/google/confirm", password=PASSWORD).status_code == 303
    assert links(app) == 1


def test_connecting_needs_a_sign_in(client, provider):
    answer = client.get("/auth/google/connect")
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/login")


def test_a_started_sign_in_does_not_connect(app, world, provider):
    """Nor the other way round: what an answer is for stands in the session that asked."""
    client = PageClient(app)
    back = come_back(client, provider)
    client.submit("/login", email=world.alice.email, password=PASSWORD)
    assert client.get(back).status_code == 400
    assert links(app) == 0

    client = world.bob.client
    back = come_back(client, provider, "/auth/google/connect")
    client.submit("/chats", "/logout")
    assert client.get(back).status_code == 400
    assert not signed_in(client)
    assert links(app) == 0


def test_the_only_login_cannot_be_disconnected(app, client, provider):
    sign_in(client, provider)
    bob = register(app, "Bob")
    with app.app_context():
        ada = db.session.scalars(select(User).where(User.email == ADA["email"])).one()
        (link,) = linked_accounts.list_linked_accounts(ada.id)
        with pytest.raises(Conflict):
            linked_accounts.disconnect(ada.id, link.id)
        with pytest.raises(NotFound):
            linked_accounts.disconnect(bob.id, link.id)
        assert linked_accounts.list_linked_accounts(ada.id) == [link]
        linked_accounts.connect(
            linked_accounts.UnconfirmedLink(ada.id, "https://other.example", "x", "a@example.org")
        )
        linked_accounts.disconnect(ada.id, link.id)
        assert [one.issuer for one in linked_accounts.list_linked_accounts(ada.id)] == [
            "https://other.example"
        ]


def test_connecting_and_disconnecting_notify_by_mail(app, world, provider, mailbox):
    client, alice = world.alice.client, world.alice
    for _ in range(2):  # only the first time is news
        sign_in(client, provider, "/auth/google/connect")
        client.submit("/auth/google/confirm", password=PASSWORD)
    mail = mailbox.wait(alice.email, "An account was connected to yours")
    assert link_in(mail).endswith("/settings/account")
    assert urlsplit(provider.metadata_url).netloc in str(mail)
    with app.app_context():
        (link,) = linked_accounts.list_linked_accounts(alice.id)
        linked_accounts.disconnect(alice.id, link.id)
    mailbox.wait(alice.email, "An account was disconnected from yours")
    subjects = [mail["Subject"] for mail in mailbox.to(alice.email)]
    assert subjects.count("An account was connected to yours") == 1


@pytest.mark.slow
@pytest.mark.database
def test_concurrent_connects_link_once(app, world):
    """Two clicks are one connection; of two people one has it, the other is told."""
    from chatapp.auth.oidc.linked_accounts import UnconfirmedLink, connect

    def connects(person, subject, together):
        together.wait()
        with app.app_context():
            try:
                connect(UnconfirmedLink(person.id, "https://other.example", subject, person.email))
            except Conflict:
                return False
            return True

    with ThreadPoolExecutor(2) as pool:
        for turn in range(20):
            together = threading.Barrier(2)
            same = [pool.submit(connects, world.alice, f"{turn}", together) for _ in range(2)]
            assert [one.result() for one in same] == [True, True]
            together = threading.Barrier(2)
            people = (world.alice, world.bob)
            both = [pool.submit(connects, one, f"both {turn}", together) for one in people]
            assert sorted(one.result() for one in both) == [False, True]
    assert links(app) == 40


def test_too_many_wrong_passwords_get_a_retry_after(app, world, provider):
    app.extensions["rate_limiter"].configure(True)
    try:
        client = world.alice.client
        sign_in(client, provider, "/auth/google/connect")
        wrong = [client.submit("/auth/google/confirm", password="wrong") for _ in range(4)]
        assert {answer.status_code for answer in wrong} == {403}
        sign_in(client, provider, "/auth/google/connect")
        client.submit("/auth/google/confirm", password="wrong")
        answer = client.submit("/auth/google/confirm", password="wrong")
        assert answer.status_code == 429
        assert 0 < int(answer.headers["Retry-After"]) <= 900
    finally:
        app.extensions["rate_limiter"].configure(False)
