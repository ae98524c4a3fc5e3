"""Signing in through an OpenID provider: new accounts, known ones, refused ones."""

from __future__ import annotations

import html
import re
import threading
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select

from chatapp.auth.invitations import create_invitation
from chatapp.auth.schemas import NewInvitation
from chatapp.core.db import atomic, db
from chatapp.models import User
from tests.support.oidc import come_back, everyone, links, sign_in, signed_in
from tests.support.pages import PageClient
from tests.support.provider import ADA, CLIENT_SECRET
from tests.support.world import PASSWORD, register


def test_no_provider_is_offered_without_a_client_id(client):
    for page in ("/login", "/register"):
        assert "/auth/google" not in client.get(page).text
    for path in ("/auth/google", "/auth/google/callback?state=x&code=y"):
        assert client.get(path).status_code == 404, path


def test_the_first_provider_sign_in_creates_an_account(app, client, provider):
    for page in ("/login", "/register"):
        assert 'href="/auth/google"' in client.get(page).text
        assert "Continue with Google" in client.get(page).text
    answer = sign_in(client, provider)
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/"
    assert signed_in(client)
    (ada,) = everyone(app)
    assert (ada.name, ada.email, ada.username) == ("Ada Lovelace", "ada@example.org", "ada")
    assert ada.profile_picture == "https://pictures.example/ada.png"
    assert ada.password_hash is None
    assert ada.email_verified_at
    assert not ada.is_staff


def test_the_authorization_request(client, provider):
    away = urlsplit(client.get("/auth/google").headers["Location"])
    asked = {name: values[0] for name, values in parse_qs(away.query).items()}
    assert asked["response_type"] == "code"
    assert asked["code_challenge_method"] == "S256"
    assert len(asked["code_challenge"]) == 43
    assert len(asked["state"]) >= 30
    assert len(asked["nonce"]) >= 20
    assert set(asked["scope"].split()) == {"openid", "email", "profile"}
    assert asked["redirect_uri"] == "http://127.0.0.1:5000/auth/google/callback"
    assert CLIENT_SECRET not in away.query
    again = parse_qs(urlsplit(client.get("/auth/google").headers["Location"]).query)
    for name in ("state", "nonce", "code_challenge"):
        assert again[name] != [asked[name]], "new each time"


def test_the_redirect_uri_uses_base_url_whatever_the_host_header_says(client, provider):
    for headers in ({"Host": "evil.example"}, {"X-Forwarded-Host": "evil.example"}):
        location = client.get("/auth/google", headers=headers).headers.get("Location", "")
        assert "evil.example" not in location


def test_signing_in_again_keeps_the_account_and_its_profile(app, client, provider):
    sign_in(client, provider)
    with app.app_context(), atomic() as work:
        user = work.scalars(select(User)).one()
        user.name, user.profile_picture = "Countess", None
    provider.person |= {"name": "Other", "picture": "https://pictures.example/other.png"}
    other = PageClient(app)
    assert sign_in(other, provider).status_code == 303
    assert signed_in(other)
    (ada,) = everyone(app)
    assert (ada.name, ada.profile_picture) == ("Countess", None)


def test_a_changed_provider_email_keeps_the_account(app, client, provider):
    sign_in(client, provider)
    provider.person["email"] = "countess@example.org"
    other = PageClient(app)
    sign_in(other, provider)
    assert signed_in(other)
    (ada,) = everyone(app)
    assert ada.email == "ada@example.org"
    assert links(app) == 1


def test_a_linked_account_with_another_persons_email_keeps_its_user(app, client, provider):
    sign_in(client, provider)
    bob = register(app, "Bob")
    provider.person["email"] = bob.email
    other = PageClient(app)
    sign_in(other, provider)
    assert "Ada Lovelace" in other.get("/chats").text


def test_another_subject_with_the_same_email_is_another_person(app, client, provider):
    sign_in(client, provider)
    provider.person["sub"] = "a-new-owner-of-the-address"
    other = PageClient(app)
    answer = sign_in(other, provider)
    assert answer.headers["Location"] == "/auth/google/confirm"
    assert not signed_in(other)
    refused = other.submit("/auth/google/confirm", password=PASSWORD)
    assert refused.status_code == 401, "an account without a password can't be taken over by one"
    assert not signed_in(other)
    assert links(app) == 1


def test_the_session_id_is_new(client, provider):
    come_back(client, provider)
    before = client.get_cookie("chatapp_session").value
    back = come_back(client, provider)
    assert client.get_cookie("chatapp_session").value == before
    client.get(back)
    assert client.get_cookie("chatapp_session").value != before


@pytest.fixture
def registration(app, provider, monkeypatch):
    """`registration("invite")`: as if the server had been started with that."""

    def change(mode: str) -> None:
        settings = replace(app.config["SETTINGS"], registration=mode)
        monkeypatch.setitem(app.config, "SETTINGS", settings)

    return change


def test_no_new_accounts_while_registration_is_closed(app, client, provider, registration):
    registration("closed")
    answer = sign_in(client, provider)
    assert answer.status_code == 403
    assert "New accounts can&#39;t be created" in answer.text
    assert everyone(app) == []


def test_newcomers_with_an_invitation_only(app, client, provider, registration):
    registration("invite")
    refused = sign_in(client, provider)
    assert refused.status_code == 403
    assert "You need an invitation" in refused.text
    with app.app_context():
        link = create_invitation(None, NewInvitation()).link
    page = client.get(f"/register?{urlsplit(link).query}")
    (start,) = re.findall(r'href="(/auth/google[^"]*)"', page.text)
    assert sign_in(client, provider, html.unescape(start)).status_code == 303
    assert signed_in(client)
    client.submit("/chats", "/logout")
    assert sign_in(client, provider).status_code == 303, "who is linked needs none"
    provider.person |= {"sub": "another", "email": "another@example.org"}
    used = sign_in(PageClient(app), provider, html.unescape(start))
    assert used.status_code == 403
    assert "has been used" in used.text
    assert len(everyone(app)) == 1


def test_a_deactivated_account_is_refused(app, client, provider):
    sign_in(client, provider)
    with app.app_context(), atomic() as work:
        work.scalars(select(User)).one().is_active = False
    other = PageClient(app)
    answer = sign_in(other, provider)
    assert answer.status_code == 403
    assert "deactivated" in answer.text
    assert not signed_in(other)


def test_a_deactivated_owner_of_the_address_is_refused(app, client, provider):
    register(app, "Ada")
    with app.app_context(), atomic() as work:
        work.scalars(select(User)).one().is_active = False
    assert sign_in(client, provider).status_code == 403
    assert links(app) == 0


def test_a_deleted_account_is_gone_and_its_email_is_free(app, client, provider):
    ada = register(app, "Ada")
    sign_in(client, provider)
    client.submit("/auth/google/confirm", password=PASSWORD)
    assert links(app) == 1
    assert ada.api.delete("/api/users/me", {"password": PASSWORD}).status_code == 204
    assert links(app) == 0
    other = PageClient(app)
    sign_in(other, provider)
    assert signed_in(other)
    assert len(everyone(app)) == 2


@pytest.mark.slow
def test_unusable_provider_names(app, provider):
    cases = {
        "x" * 500: "x" * 80,
        "  Ada\n\tLovelace \0": "Ada Lovelace",
        "": "someone",
        None: "someone",
        5: "someone",
        "\ud800": "someone",
    }
    for number, (told, expected) in enumerate(cases.items()):
        provider.person = {
            **ADA,
            "sub": f"s{number}",
            "email": f"someone@host{number}.example.org",
            "name": told,
        }
        client = PageClient(app)
        assert sign_in(client, provider).headers.get("Location") == "/", told
        with app.app_context():
            email = provider.person["email"]
            found = db.session.scalars(select(User.name).where(User.email == email)).one()
        assert found == expected


@pytest.mark.parametrize(
    "picture",
    [
        "http://pictures.example/ada.png",
        "javascript:alert(1)",
        "data:image/png;base64,AA",
        "//pictures.example/ada.png",
        "https://user@pictures.example/ada.png",
        'https://pictures.example/"onerror="x',
        "https://pictures.example/a);x",
        "https://pictures.example/a b",
        "https://pictures.example/\nx",
        "https://" + "x" * 3000,
        "https://[",
        "",
        7,
        {"url": "https://pictures.example/ada.png"},
    ],
)
def test_only_https_pictures_are_taken(app, client, provider, picture):
    provider.person["picture"] = picture
    sign_in(client, provider)
    assert signed_in(client)
    assert everyone(app)[0].profile_picture is None


def test_userinfo_is_asked_if_the_id_token_has_no_email(app, client, provider):
    provider.claims = {"email": None, "email_verified": None, "name": None}
    provider.userinfo = dict(ADA)
    sign_in(client, provider)
    assert signed_in(client)
    assert everyone(app)[0].name == "Ada Lovelace"


def test_userinfo_about_another_subject_is_refused(app, client, provider):
    provider.claims = {"email": None, "email_verified": None}
    for told in ({**ADA, "sub": "somebody else"}, {"email": ADA["email"]}, {}, [], "x", None):
        provider.userinfo = told
        assert sign_in(client, provider).status_code == 403, told
    assert everyone(app) == []


@pytest.mark.database
@pytest.mark.slow
def test_concurrent_provider_sign_ins_create_one_account(app, provider):
    clients = [PageClient(app) for _ in range(6)]
    backs = [come_back(client, provider) for client in clients]
    answers: list[int] = []

    def go(client: PageClient, back: str) -> None:
        answers.append(client.get(back).status_code)

    threads = [threading.Thread(target=go, args=pair) for pair in zip(clients, backs, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [303] * 6
    assert len(everyone(app)) == links(app) == 1
    assert all(signed_in(client) for client in clients)
