"""Signing in and out over pages and REST, and what a session is."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select, update

from chatapp.core.db import atomic, db
from chatapp.models import SignIn, StoredSession, User
from chatapp.security import password_hashing
from tests.support.accounts import ADA
from tests.support.html import Page
from tests.support.pages import PageClient
from tests.support.process import TOP
from tests.support.world import PASSWORD, Api, register


def test_logging_in_by_address_or_name(nobody):
    nobody.post("/api/auth/register", {**ADA, "username": "lovelace"})
    for login in ("ada@example.org", " ADA@EXAMPLE.ORG ", "lovelace", "Lovelace"):
        answer = nobody.post("/api/auth/login", {"email": login, "password": PASSWORD})
        assert answer.status_code == 200, login
        assert answer.get_json()["token"]


def test_unknown_email_and_wrong_password_look_the_same(nobody, monkeypatch):
    nobody.post("/api/auth/register", ADA)
    work: list[str] = []
    real = password_hashing._verify

    def counted(stored: str, password: str) -> bool:
        work.append("verify")
        return real(stored, password)

    monkeypatch.setattr(password_hashing, "_verify", counted)
    answers = []
    for email in ("ada@example.org", "nobody@example.org"):
        answers.append(nobody.post("/api/auth/login", {"email": email, "password": "wrong pass"}))
    assert {answer.status_code for answer in answers} == {401}
    assert answers[0].get_data() == answers[1].get_data()
    assert work == ["verify", "verify"]


def test_a_deactivated_account_is_signed_out_and_refused(nobody, app):
    token = nobody.post("/api/auth/register", ADA).get_json()["token"]
    with app.app_context():
        from chatapp.core.db import atomic

        with atomic() as session:
            session.scalars(select(User)).one().is_active = False
    assert Api(app, token).get("/api/users/me").status_code == 401
    wrong = nobody.post("/api/auth/login", {**ADA, "password": "not hers at all"})
    assert wrong.status_code == 401
    refused = nobody.post("/api/auth/login", ADA)
    assert refused.status_code == 403
    assert "Ask an administrator" in refused.get_json()["error"]["message"]


@pytest.mark.slow
def test_hashing_is_argon2id_and_strong():
    """In a process of its own: here the parameters are cheap, for speed."""
    import subprocess
    import sys

    code = "from chatapp.security.password_hashing import hasher; print(hasher.hash('x'))"
    made = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=TOP
    )
    assert made.stdout.startswith("$argon2id$v=19$m=19456,t=2,p=1$"), made


def test_an_outdated_hash_is_renewed_at_login(app, monkeypatch):
    from argon2 import PasswordHasher

    world = register(app, "Ada")
    with app.app_context():
        before = db.session.scalars(select(User.password_hash)).one()
    monkeypatch.setattr(
        password_hashing, "hasher", PasswordHasher(time_cost=1, memory_cost=16, parallelism=1)
    )
    login = {"email": world.email, "password": PASSWORD}
    assert Api(app, None).post("/api/auth/login", login).status_code == 200
    with app.app_context():
        after = db.session.scalars(select(User.password_hash)).one()
    assert before != after
    assert "m=16," in after


def test_logging_out_ends_this_token_only(app):
    ada = register(app, "Ada")
    login = {"email": ada.email, "password": PASSWORD}
    other = Api(app, Api(app, None).post("/api/auth/login", login).get_json()["token"])
    assert ada.api.post("/api/auth/logout").status_code == 204
    assert ada.api.get("/api/users/me").status_code == 401
    assert ada.api.post("/api/auth/logout").status_code == 401
    assert other.get("/api/users/me").status_code == 200


def test_the_token_itself_is_not_stored(app):
    ada = register(app, "Ada")
    with app.app_context():
        stored = db.session.scalars(select(SignIn)).one()
        kept = {str(value) for value in vars(stored).values()}
    assert ada.token not in kept
    assert ada.token.split(".")[2] not in kept


def test_signing_in_on_pages_and_out_again(app, client):
    register(app, "Ada")
    assert client.get("/chats").status_code == 302
    assert client.get("/chats").headers["Location"] == "/login?next=/chats"
    answer = client.submit("/login?next=/people", "/login", email="ada", password=PASSWORD)
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/people"
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert client.get("/people").status_code == 200
    assert client.get("/login").status_code == 303
    out = client.submit("/chats", "/logout")
    assert out.status_code == 303
    assert client.get("/people").status_code == 302
    with app.app_context():
        kept = b"".join(db.session.scalars(select(StoredSession.data)))
        assert b"_user_id" not in kept
        assert b"sign_in" not in kept


def test_a_refused_form_keeps_what_was_typed_but_no_password(app, client):
    answer = client.submit("/register", name="Ada", email="ada@", password="short")
    assert answer.status_code == 422
    form = Page(answer.text).form("/register")
    assert form.fields["email"] == "ada@"
    assert form.fields["name"] == "Ada"
    assert form.fields["password"] == ""
    assert "at least 8 characters" in answer.text
    wrong = client.submit("/login", email="nobody", password="x")
    assert wrong.status_code == 401
    assert "That email or password is incorrect." in wrong.text
    assert Page(wrong.text).form("/login").fields["email"] == "nobody"


def test_the_session_id_is_new_at_login_and_never_taken_from_outside(app, client):
    register(app, "Ada")
    client.set_cookie("chatapp_session", "planted-by-someone-else")
    client.submit("/login", email="ada", password=PASSWORD)
    before = client.get_cookie("chatapp_session").value
    assert before != "planted-by-someone-else"
    again = {"csrf_token": client.page("/chats").csrf_token, "email": "ada", "password": PASSWORD}
    assert client.post("/login", data=again).status_code == 303
    after = client.get_cookie("chatapp_session").value
    assert after != before
    stranger = app.test_client()
    stranger.set_cookie("chatapp_session", before)
    assert stranger.get("/chats").status_code == 302
    with app.app_context():
        assert after not in set(db.session.scalars(select(StoredSession.id)))


def test_invalid_msgpack_is_no_session(app, tmp_path):
    import pickle

    from chatapp.security.sessions import stored_id

    canary = tmp_path / "canary"

    class Bomb:
        def __reduce__(self):
            return canary.touch, ()

    client = register(app, "Ada").client
    assert client.get("/chats").status_code == 200
    sid = client.get_cookie("chatapp_session").value
    with app.app_context(), atomic() as work:
        work.get(StoredSession, stored_id(sid)).data = pickle.dumps(Bomb())
    assert client.get("/login").status_code == 200
    assert not canary.exists()


@pytest.mark.database
def test_a_request_that_changes_nothing_writes_no_session(app, world, statements):
    world.alice.client.get("/chats")
    with statements() as texts:
        world.alice.client.get("/chats")
    assert not [text for text in texts if text.startswith(("INSERT", "UPDATE", "DELETE"))]


@pytest.mark.database
def test_expired_sessions_are_invalid_and_deleted(app, world):
    from datetime import timedelta

    from chatapp.core.db import now
    from chatapp.security.session_stores.database import sweep

    client = world.alice.client
    assert client.get("/chats").status_code == 200
    with app.app_context(), atomic() as work:
        expired = {"expires_at": now() - timedelta(seconds=1)}
        work.execute(update(StoredSession).values(expired))
        before = work.scalars(select(StoredSession.id)).all()
    assert client.get("/chats").status_code == 302
    with app.app_context():
        sweep()
        left = db.session.scalars(select(StoredSession.id)).all()
        assert not set(before) & set(left)


def test_every_form_needs_the_pages_own_token(app, world):
    client = world.alice.client
    for path in (
        "/login",
        "/register",
        "/logout",
        f"/chats/{world.conversation_id}",
        f"/people/{world.bob.id}/message",
    ):
        assert client.post(path, data={"content": "x"}).status_code == 403, path
    path = f"/api/chat/{world.conversation_id}/messages"
    assert client.post(path, json={"content": "x"}).status_code == 403
    token = re.search(r'name="csrf-token" content="([^"]+)"', client.get("/chats").text)[1]
    headers = {"X-CSRF-Token": token}
    assert client.post(path, json={"content": "x"}, headers=headers).status_code == 201
    assert world.bob.client.post(path, json={"content": "x"}, headers=headers).status_code == 403


def test_a_valid_cookie_does_not_excuse_a_wrong_bearer_token(app, world):
    client = world.alice.client
    assert client.get("/api/users/me").status_code == 200
    for header in ("Bearer wrong", "Bearer ", "Basic YTpi", "nonsense"):
        assert client.get("/api/users/me", headers={"Authorization": header}).status_code == 401


@pytest.mark.parametrize("scheme", ["Basic YTpi", "Negotiate YTpi", ""])
def test_an_authorization_header_does_not_bypass_csrf(app, scheme):
    register(app, "Ada")
    forged = PageClient(app).post(
        "/login",
        data={"email": "ada", "password": PASSWORD},
        headers={"Authorization": scheme} if scheme else {},
    )
    assert forged.status_code == 403
