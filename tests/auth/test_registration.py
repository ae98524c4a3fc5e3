"""Registering over pages and REST."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select, update

from chatapp.auth import service
from chatapp.auth.schemas import SelfRegistration
from chatapp.core.db import atomic, db
from chatapp.core.errors import Conflict
from chatapp.models import User
from chatapp.security.request_source import Source
from tests.support.accounts import ADA
from tests.support.world import PASSWORD, Api


def test_a_new_account_and_its_token(nobody, app):
    answer = nobody.post("/api/auth/register", ADA)
    body = answer.get_json()
    assert answer.status_code == 201
    assert body["user"]["email"] == "ada@example.org"
    assert body["user"]["username"] == body["user"]["name"] == "ada"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", body["expires_at"])
    assert "password" not in answer.text.replace(PASSWORD, "")
    me = Api(app, body["token"]).get("/api/users/me").get_json()
    assert me == body["user"]


def test_fields_that_registration_ignores(nobody, app):
    nobody.post("/api/auth/register", {**ADA, "is_staff": True, "is_superuser": True, "id": "x"})
    with app.app_context():
        user = db.session.scalars(select(User)).one()
        assert not user.is_staff
        assert not user.is_superuser


def test_emails_and_usernames_are_unique_ignoring_case(nobody):
    nobody.post("/api/auth/register", {**ADA, "username": "ada"})
    taken = nobody.post("/api/auth/register", {**ADA, "email": "ADA@example.ORG"})
    assert taken.status_code == 409
    assert set(taken.get_json()["error"]["fields"]) == {"email"}
    taken = nobody.post(
        "/api/auth/register", {**ADA, "email": "other@example.org", "username": "ADA"}
    )
    assert taken.status_code == 409
    assert set(taken.get_json()["error"]["fields"]) == {"username"}


@pytest.mark.database
def test_the_username_all_is_reserved(nobody, app, world):
    """In a message @all tells everybody; whoever was called so before stays it."""
    given = nobody.post("/api/auth/register", {**ADA, "username": "All"})
    changed = world.bob.api.patch("/api/users/me", {"username": "all"})
    for refused in (given, changed):
        assert refused.status_code == 409
        assert "@all" in refused.get_json()["error"]["fields"]["username"]
    made = nobody.post("/api/auth/register", {**ADA, "email": "all@example.org"})
    assert made.get_json()["user"]["username"] == "all2"
    with app.app_context(), atomic() as work:
        work.execute(update(User).where(User.id == world.alice.id).values(username="all"))
    kept = world.alice.api.patch("/api/users/me", {"username": "all", "name": "Al"})
    assert (kept.status_code, kept.get_json()["name"]) == (200, "Al")


def test_a_missing_username_is_derived_and_numbered(nobody):
    def name(email: str) -> str:
        body = nobody.post("/api/auth/register", {"email": email, "password": PASSWORD})
        return body.get_json()["user"]["username"]

    assert name("ada@one.example.org") == "ada"
    assert name("ada@two.example.org") == "ada2"
    assert name("ada@three.example.org") == "ada3"
    assert name("a+b@example.org") == "abuser"
    assert 3 <= len(name("x" * 60 + "@example.org")) <= 30


def test_an_account_needs_neither_address_nor_password(context):
    named = service.create_account(service.NewAccount(email=None, name="Ada Lovelace"))
    assert (named.email, named.username, named.password_hash) == (None, "adalovelace", None)
    assert service.create_account(service.NewAccount(email=None)).name == "user"
    with pytest.raises(Conflict) as refused:
        service.create_account(service.NewAccount(email=None, username="adalovelace"))
    assert set(refused.value.fields) == {"username"}


@pytest.mark.database
def test_concurrent_identical_registrations_create_one_account(app):
    import threading

    answers: list[int] = []

    def go() -> None:
        answers.append(Api(app, None).post("/api/auth/register", ADA).status_code)

    threads = [threading.Thread(target=go) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [201] + [409] * 7


@pytest.mark.database
def test_concurrent_registrations_with_the_same_local_part(app):
    import threading

    answers: list[int] = []

    def go(number: int) -> None:
        new = {"email": f"ada@host{number}.example.org", "password": PASSWORD}
        answers.append(Api(app, None).post("/api/auth/register", new).status_code)

    threads = [threading.Thread(target=go, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [201] * 8


def test_generated_names_give_up_in_the_end(app, monkeypatch):
    with app.app_context():
        service.register(
            SelfRegistration(email="ada@example.org", password=PASSWORD), Source("192.0.2.1")
        )
        monkeypatch.setattr(service, "_free_usernames", lambda _: iter(["ada", "ada"]))
        with pytest.raises(Conflict):
            service.register(
                SelfRegistration(email="ada@other.example.org", password=PASSWORD),
                Source("192.0.2.1"),
            )
