"""Signing in through an OpenID provider, which lies in every way that it can.

What a real provider does, in a browser: tests/browser/test_google.py.
"""

from __future__ import annotations

import html
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from sqlalchemy import func, select

from chatapp.auth.invitations import create_invitation
from chatapp.auth.oidc import client as oidc_client
from chatapp.auth.oidc import linked_accounts
from chatapp.auth.schemas import NewInvitation
from chatapp.core.db import atomic, db
from chatapp.core.errors import Conflict, NotFound
from chatapp.models import LinkedAccount, SignIn, StoredSession, User
from chatapp.security import rate_limits
from tests.support.attacks import EVIL_NEXT
from tests.support.html import Page
from tests.support.mail import link_in
from tests.support.pages import PageClient
from tests.support.provider import ADA, CLIENT_ID, CLIENT_SECRET, Provider, new_key
from tests.support.tokens import forge, pack
from tests.support.world import PASSWORD, register


@pytest.fixture(scope="module")
def the_provider():
    provider = Provider().start()
    yield provider
    provider.stop()


@pytest.fixture
def provider(app, the_provider, monkeypatch):
    """The provider, telling the truth, and the app set up for it."""
    the_provider.tell_the_truth()
    settings = replace(
        app.config["SETTINGS"],
        google_client_id=CLIENT_ID,
        google_client_secret=CLIENT_SECRET,
        oauth_metadata_url=the_provider.metadata_url,
    )
    monkeypatch.setitem(app.config, "SETTINGS", settings)
    oidc_client.get_client.cache_clear()
    yield the_provider
    oidc_client.get_client.cache_clear()


def come_back(client, provider, start="/auth/google"):
    """Where the provider sends the browser back to, as a path of this site."""
    away = client.get(start)
    assert away.status_code == 303, away.text
    back = urlsplit(provider.agree(away.headers["Location"]))
    assert back.path == "/auth/google/callback"
    return f"{back.path}?{back.query}"


def sign_in(client, provider, start="/auth/google"):
    return client.get(come_back(client, provider, start))


def everyone(app):
    with app.app_context():
        return db.session.scalars(select(User)).all()


def links(app):
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(LinkedAccount))


def signed_in(client):
    return client.get("/chats").status_code == 200


# --- signing in


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


# --- an address that has an account


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


# --- connecting


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
    rate_limits.configure(True)
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
        rate_limits.configure(False)


# --- forged answers


def with_the_public_key_as_secret(provider):
    """RS256 to HS256: the public key, which everybody has, as if it were a shared secret."""
    public = provider.key.as_pem(private=False).decode()
    return lambda claims: forge({"alg": "HS256", "kid": "first"}, claims, public)


def with_a_key_of_its_own(provider):
    key = new_key("first")
    return lambda claims: provider.signed(claims, key=key, jwk=key.as_dict(private=False))


def by_hand(provider, **header):
    """Signed with the true key: joserfc wouldn't write a header that it wouldn't read."""

    def sign(claims):
        first = pack({"alg": "RS256", "kid": "first", **header})
        signed = f"{first}.{pack(claims)}"
        key = provider.key.private_key
        signature = key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{signed}.{pack(signature)}"

    return sign


FORGED_CLAIMS = {
    "another nonce": {"nonce": "another"},
    "no nonce": {"nonce": None},
    "an empty nonce": {"nonce": ""},
    "a nonce of another type": {"nonce": ["x"]},
    "another audience": {"aud": "another-client"},
    "another audience, for us": {"aud": "another-client", "azp": CLIENT_ID},
    "several audiences, for another": {"aud": ["another-client", CLIENT_ID], "azp": "another"},
    "several audiences, for nobody": {"aud": ["another-client", CLIENT_ID]},
    "no audience": {"aud": None},
    "an empty audience": {"aud": []},
    "an audience like ours": {"aud": CLIENT_ID + "x"},
    "another issuer": {"iss": "https://accounts.google.com"},
    "no issuer": {"iss": None},
    "an issuer like it": {"iss": "http://127.0.0.1"},
    "expired": {"exp": int(time.time()) - 3600},
    "no expiry": {"exp": None},
    "an expiry that is text": {"exp": "never"},
    "not yet": {"nbf": int(time.time()) + 3600},
    "issued tomorrow": {"iat": int(time.time()) + 86400},
    "nobody": {"sub": None},
    "an empty subject": {"sub": ""},
    "a subject of another type": {"sub": 5},
    "a subject with NUL": {"sub": "a\0b"},
    "a long subject": {"sub": "x" * 300},
    "a wrong at_hash": {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
}


@pytest.mark.parametrize("kind", FORGED_CLAIMS)
def test_forged_claims(app, client, provider, kind):
    provider.claims = FORGED_CLAIMS[kind]
    answer = sign_in(client, provider)
    assert answer.status_code == 403, answer.text
    assert "Please try again" in answer.text
    assert not signed_in(client)
    assert everyone(app) == []


SIGNATURES = {
    "another key": lambda p: lambda claims: p.signed(claims, key=new_key("first")),
    "an unknown key id": lambda p: lambda claims: p.signed(claims, kid="unknown"),
    "the public key as a secret": with_the_public_key_as_secret,
    "the client secret as a key": lambda p: lambda c: forge({"alg": "HS256"}, c, CLIENT_SECRET),
    "none": lambda p: lambda claims: forge({"alg": "none"}, claims),
    "None": lambda p: lambda claims: forge({"alg": "None", "kid": "first"}, claims),
    "no algorithm": lambda p: lambda claims: forge({"kid": "first"}, claims),
    "unknown crit": lambda p: by_hand(p, crit=["x"], x=1),
    "a key in the header": with_a_key_of_its_own,
    "no signature": lambda p: lambda claims: p.signed(claims).rpartition(".")[0] + ".",
    "cut": lambda p: lambda claims: p.signed(claims)[:-8],
    "nonsense": lambda p: lambda claims: "x.y.z",
    "no text": lambda p: lambda claims: 5,
    "nothing": lambda p: lambda claims: None,
    "64 KB": lambda p: lambda claims: p.signed({**claims, "x": "x" * 65536})[:-4] + "AAAA",
}


@pytest.mark.parametrize("kind", SIGNATURES)
def test_forged_signatures(app, client, provider, kind):
    provider.sign = SIGNATURES[kind](provider)
    assert sign_in(client, provider).status_code == 403
    assert not signed_in(client)
    assert everyone(app) == []


def test_the_forging_helper_works(client, provider):
    """Control: a header without a lie, signed in the same way, is accepted."""
    provider.sign = by_hand(provider)
    assert sign_in(client, provider).status_code == 303
    assert signed_in(client)


def test_no_id_token_at_all(app, client, provider):
    for answer in ({"id_token": None}, {"error": "invalid_grant"}, {"access_token": None}):
        provider.answer = answer
        if "access_token" in answer:
            provider.claims = {"email": None}
        assert sign_in(client, provider).status_code == 403, answer
    assert everyone(app) == []


def test_a_state_belongs_to_a_session_and_works_once(app, client, provider):
    back = come_back(client, provider)
    victim = PageClient(app)
    victim.get("/login")
    answer = victim.get(back)
    assert answer.status_code == 400, "an attacker's answer in somebody else's browser"
    assert not signed_in(victim)
    own = come_back(victim, provider)
    mixed = own.replace(parse_qs(urlsplit(own).query)["code"][0], "x")
    assert victim.get(mixed).status_code == 403
    assert victim.get(own).status_code == 400, "used up by the answer that was refused"

    assert client.get(back).status_code == 303
    again = PageClient(app)
    again.set_cookie("chatapp_session", client.get_cookie("chatapp_session").value)
    assert client.get(back).status_code == 400, "replayed while signed in"
    client.submit("/chats", "/logout")
    assert client.get(back).status_code == 400, "replayed"
    assert not signed_in(client)


def test_incomplete_provider_answers(app, client, provider):
    back = come_back(client, provider)
    state = parse_qs(urlsplit(back).query)["state"][0]
    for query in (
        "",
        "?code=x",
        "?state=",
        f"?state={state}x&code=x",
        "?state=google&code=x",
        "?state=%00&code=x",
        f"?state={'x' * 5000}&code=x",
    ):
        assert client.get(f"/auth/google/callback{query}").status_code == 400, query
    assert client.get(f"/auth/google/callback?state={state}").status_code == 403
    assert client.post(back).status_code in (403, 405)
    assert everyone(app) == []


def test_a_code_from_another_sign_in_is_refused(app, client, provider):
    """The verifier that belongs to the code is in the other browser: PKCE."""
    theirs = parse_qs(urlsplit(come_back(PageClient(app), provider)).query)["code"][0]
    own = come_back(client, provider)
    injected = own.replace(parse_qs(urlsplit(own).query)["code"][0], theirs)
    assert client.get(injected).status_code == 403
    assert not signed_in(client)
    assert everyone(app) == []


def test_an_answer_from_another_issuer_is_refused(app, client, provider):
    back = come_back(client, provider)
    assert client.get(f"{back}&iss=https://evil.example").status_code == 403
    back = come_back(client, provider)
    assert client.get(f"{back}&iss={provider.url}").status_code == 303


def test_a_state_expires_and_few_are_stored(app, client, provider, monkeypatch):
    backs = [come_back(client, provider) for _ in range(7)]
    assert client.get(backs[1]).status_code == 400, "five are kept"
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 601)
    assert client.get(backs[6]).status_code == 400
    monkeypatch.undo()


def test_denied_consent_is_reported(app, client, provider):
    state = parse_qs(urlsplit(come_back(client, provider)).query)["state"][0]
    answer = client.get(
        f"/auth/google/callback?error=access_denied&error_description=<b>x</b>&state={state}"
    )
    assert answer.status_code == 403
    assert "You didn’t agree" in answer.text or "didn&#39;t agree" in answer.text
    assert "<b>x" not in answer.text
    assert Page(answer.text).form("/login"), "and can log in at once"


# --- the provider's own troubles


@pytest.mark.slow
def test_a_provider_that_is_down(app, client, provider):
    provider.status = {"/.well-known/openid-configuration": 503}
    answer = client.get("/auth/google")
    assert answer.status_code == 503
    assert "Google isn&#39;t answering" in answer.text
    assert Page(answer.text).form("/login")
    provider.status = {}
    for path in ("/token", "/keys"):
        for status in (500, 502, 429):
            oidc_client.get_client.cache_clear()
            back = come_back(client, provider)
            provider.status = {path: status}
            answer = client.get(back)
            assert answer.status_code in (503, 403), (path, status, answer.text)
            assert answer.status_code == 503 or status == 429
            provider.status = {}
    assert sign_in(client, provider).status_code == 303, "and it heals by itself"


def test_a_provider_that_never_answers(app, client, provider, monkeypatch):
    monkeypatch.setattr(oidc_client, "HTTP_TIMEOUT_SECONDS", (0.2, 0.2))
    oidc_client.get_client.cache_clear()
    back = come_back(client, provider)
    provider.status = {"/token": 0}
    start = time.monotonic()
    answer = client.get(back)
    provider.silent.set()
    assert answer.status_code == 503
    assert time.monotonic() - start < 5


def test_a_provider_that_isnt_there(app, client, provider, monkeypatch):
    settings = replace(
        app.config["SETTINGS"],
        oauth_metadata_url="http://127.0.0.1:1/.well-known/openid-configuration",
    )
    monkeypatch.setitem(app.config, "SETTINGS", settings)
    assert client.get("/auth/google").status_code == 503


@pytest.mark.parametrize(
    "lie",
    [
        {"issuer": "https://accounts.google.com"},
        {"issuer": None},
        {"token_endpoint": None},
        {"jwks_uri": 5},
        {"token_endpoint": "ftp://127.0.0.1/token"},
        {"authorization_endpoint": "javascript:alert(1)"},
    ],
)
def test_invalid_metadata(client, provider, lie):
    provider.metadata = lie
    assert client.get("/auth/google").status_code == 503


def test_a_wrong_client_secret(app, client, provider, monkeypatch):
    settings = replace(app.config["SETTINGS"], google_client_secret="another")
    monkeypatch.setitem(app.config, "SETTINGS", settings)
    assert sign_in(client, provider).status_code == 403
    provider.answer = {"error": "invalid_client"}
    monkeypatch.setitem(
        app.config, "SETTINGS", replace(settings, google_client_secret=CLIENT_SECRET)
    )
    answer = sign_in(client, provider)
    assert answer.status_code == 503
    assert "set up" in answer.text


def test_metadata_and_keys_are_read_once_an_hour(app, provider, monkeypatch):
    for _ in range(3):
        sign_in(PageClient(app), provider)
    metadata = "/.well-known/openid-configuration"
    assert (provider.asked[metadata], provider.asked["/keys"]) == (1, 1)
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 3601)
    provider.status = {metadata: 500}
    assert PageClient(app).get("/auth/google").status_code == 303, "what was known still serves"
    provider.status = {}
    monkeypatch.setattr(time, "time", lambda: real() + 3601 + 61)
    PageClient(app).get("/auth/google")
    assert provider.asked[metadata] == 3


@pytest.mark.parametrize("kid", ["second", "first", None], ids=["new id", "same id", "no id"])
@pytest.mark.slow
def test_keys_that_change(app, provider, kid):
    first = new_key("first" if kid else None)
    provider.keys = [first]
    assert sign_in(PageClient(app), provider).status_code == 303
    provider.keys = [new_key(kid)]
    client = PageClient(app)
    assert sign_in(client, provider).status_code == 303
    assert signed_in(client)
    provider.sign = lambda claims: provider.signed(claims, key=first)
    assert sign_in(PageClient(app), provider).status_code == 403, "the old one counts no more"


# --- next


def test_next_survives_the_journey(client, provider):
    back = come_back(client, provider, "/auth/google?next=/people%3Fq%3Dx")
    assert "next" not in back
    assert client.get(back).headers["Location"] == "/people?q=x"


def test_next_survives_the_confirmation(app, client, provider):
    register(app, "Ada")
    sign_in(client, provider, "/auth/google?next=/people")
    answer = client.submit("/auth/google/confirm", password=PASSWORD)
    assert answer.headers["Location"] == "/people"


@pytest.mark.slow
def test_next_stays_on_the_site(app, provider):
    for target in EVIL_NEXT[::3]:  # all of them: tests/auth/signin/test_next_redirect.py
        client = PageClient(app)
        answer = sign_in(client, provider, f"/auth/google?next={quote(target, safe='')}")
        location = answer.headers["Location"]
        assert "evil" not in urlsplit(location).netloc, (target, location)
        assert location.startswith("/"), target
        assert not location.startswith(("//", "/\\")), target
        again = client.get(f"/auth/google?next={quote(target, safe='')}")
        assert again.headers["Location"].startswith("/"), "also where one is signed in already"
        assert not again.headers["Location"].startswith(("//", "/\\")), target


def test_used_tokens_are_not_kept(app, client, provider):
    """Nothing of the provider's is in the session afterwards."""
    sign_in(client, provider)
    with app.app_context():
        for data in db.session.scalars(select(StoredSession.data)):
            assert b"opaque" not in data
            assert b"_state_google" not in data
