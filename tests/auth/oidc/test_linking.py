"""An address from the provider that already has an account here."""

from __future__ import annotations

import time

import pytest

from tests.support.html import Page
from tests.support.oidc import everyone, links, sign_in, signed_in
from tests.support.pages import PageClient
from tests.support.world import PASSWORD, register


@pytest.mark.slow
def test_a_password_account_is_linked_after_its_password_only(app, client, provider):
    ada = register(app, "Ada")
    answer = sign_in(client, provider)
    assert answer.headers["Location"] == "/auth/google/confirm"
    assert not signed_in(client)
    assert links(app) == 0
    page = client.get("/auth/google/confirm")
    assert "ada@example.org" in page.text
    assert PASSWORD not in page.text
    assert everyone(app)[0].email_verified_at is None

    wrong = client.submit("/auth/google/confirm", password="not the password")
    assert wrong.status_code == 401
    assert "incorrect" in wrong.text
    assert not signed_in(client)
    assert links(app) == 0
    empty = client.submit("/auth/google/confirm", password="")
    assert empty.status_code == 422

    before = client.get_cookie("chatapp_session").value
    right = client.submit("/auth/google/confirm", password=PASSWORD)
    assert right.status_code == 303
    assert client.get_cookie("chatapp_session").value != before
    assert signed_in(client)
    assert len(everyone(app)) == links(app) == 1
    assert everyone(app)[0].id == ada.id
    assert everyone(app)[0].name == "Ada", "name and picture stay one's own"
    assert everyone(app)[0].email_verified_at, "the provider has verified it"

    other = PageClient(app)
    assert sign_in(other, provider).headers["Location"] == "/"
    assert signed_in(other), "from then on without the password"


def test_a_pending_link_belongs_to_the_session_and_works_once(app, client, provider):
    register(app, "Ada")
    sign_in(client, provider)
    stranger = PageClient(app)
    assert stranger.get("/auth/google/confirm").status_code == 400
    fields = {**Page(client.get("/auth/google/confirm").text).forms[0].fields}
    assert set(fields) == {"csrf_token", "email", "password"}, "no account, no subject to change"
    client.submit("/auth/google/confirm", password=PASSWORD)
    assert client.get("/auth/google/confirm").status_code == 400


def test_a_pending_link_expires(app, client, provider, monkeypatch):
    register(app, "Ada")
    sign_in(client, provider)
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 601)
    assert client.get("/auth/google/confirm").status_code == 400


def test_a_pending_link_ends_after_some_wrong_passwords(app, client, provider):
    register(app, "Ada")
    sign_in(client, provider)
    for _ in range(5):
        assert client.submit("/auth/google/confirm", password="wrong").status_code == 401
    ended = client.get("/auth/google/confirm")
    assert ended.status_code == 400
    assert "There is nothing left to confirm" in ended.text
    assert 'href="/auth/google"' in ended.text, "the way to begin again"
    assert links(app) == 0


def test_signing_in_otherwise_drops_the_pending_link(app, client, provider):
    register(app, "Ada")
    register(app, "Bob")
    sign_in(client, provider)
    client.submit("/login", email="bob", password=PASSWORD)
    assert client.get("/auth/google/confirm").status_code == 400
    assert links(app) == 0


@pytest.mark.parametrize("verified", [False, None, "false", 0, 1, "yes", [], {"x": True}])
def test_an_unverified_provider_email_is_refused(app, client, provider, verified):
    register(app, "Ada")
    provider.person["email_verified"] = verified
    for email in ("ada@example.org", "new@example.org"):
        provider.person["email"] = email
        answer = sign_in(client, provider)
        assert answer.status_code == 403
        assert "verified" in answer.text
        assert not signed_in(client)
        assert client.get("/auth/google/confirm").status_code == 400
    assert links(app) == 0
    assert len(everyone(app)) == 1


def test_no_usable_email(app, client, provider):
    for email in (None, "", "x", "a@b@c", 5, ["ada@example.org"], "ada@example.org\nx"):
        provider.claims = {"email": email}
        assert sign_in(client, provider).status_code == 403, email
    assert everyone(app) == []
