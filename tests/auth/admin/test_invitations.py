"""Who may register: REGISTRATION, and the links that administrators make."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import update

from chatapp.auth.admin.accounts import set_administrator
from chatapp.core.db import atomic, now
from chatapp.models import Invitation
from chatapp.security.opaque_tokens import digest
from tests.support.html import Page
from tests.support.pages import PageClient
from tests.support.world import PASSWORD, Api, Person, register

pytestmark = pytest.mark.database


@pytest.fixture
def registration(app) -> Iterator[Callable[[str], None]]:
    """`registration("invite")`: as if the server had been started with that."""
    before = app.config["SETTINGS"]

    def change(mode: str) -> None:
        app.config["SETTINGS"] = dataclasses.replace(before, registration=mode)

    yield change
    app.config["SETTINGS"] = before


@pytest.fixture
def ada(app) -> Person:
    """The administrator."""
    ada = register(app, "Ada")
    with app.app_context():
        set_administrator(ada.id, True)
    return ada


def invited(ada: Person, **new: Any) -> tuple[dict, str]:
    answer = ada.api.post("/api/invitations", new)
    assert answer.status_code == 201, answer.text
    made = answer.get_json()
    return made, made["link"].partition("invitation=")[2]


def registers(app, name: str, token: str | None = None):
    body = {"email": f"{name}@example.org", "password": PASSWORD, "invitation": token}
    return Api(app, None).post("/api/auth/register", body)


def test_open_registration_ignores_invitations(app, ada):
    _, token = invited(ada)
    assert registers(app, "eve").status_code == 201
    assert registers(app, "bob", token).status_code == 201
    assert registers(app, "carol", "nonsense").status_code == 201
    assert ada.api.get("/api/invitations").get_json()["items"] == [], "bob has used it"


def test_by_invitation_only(app, ada, registration):
    registration("invite")
    _, token = invited(ada)
    for wrong in (None, "", "nonsense", token[:-1], f"{token}x", "x" * 200):
        refused = registers(app, "eve", wrong)
        assert refused.status_code == 403, wrong
        assert "administrator" in refused.text or "Ask for a new one" in refused.text
    assert registers(app, "bob", token).status_code == 201
    again = registers(app, "eve", token)
    assert again.status_code == 403
    assert "has been used" in again.get_json()["error"]["message"]


def test_a_refused_registration_uses_nothing_up(app, ada, registration):
    registration("invite")
    _, token = invited(ada)
    assert registers(app, "ada", token).status_code == 409
    answer = Api(app, None).post(
        "/api/auth/register", {"email": "bob@example.org", "password": "x", "invitation": token}
    )
    assert answer.status_code == 422
    assert registers(app, "bob", token).status_code == 201


def test_an_invitation_for_one_email(app, ada, registration):
    registration("invite")
    made, token = invited(ada, email="Bob@Example.org")
    assert made["email"] == "bob@example.org"
    refused = registers(app, "eve", token)
    assert refused.status_code == 422
    assert "another email address" in refused.get_json()["error"]["fields"]["email"]
    page = Page(PageClient(app).get(f"/register?invitation={token}").text)
    assert page.form("/register").fields["email"] == "bob@example.org"
    assert registers(app, "bob", token).status_code == 201


@pytest.mark.parametrize("how", ["revoked", "expired"])
def test_withdrawn_and_expired_invitations(app, ada, registration, how):
    registration("invite")
    made, token = invited(ada, uses=5)
    assert registers(app, "bob", token).status_code == 201
    if how == "revoked":
        path = f"/api/invitations/{made['id']}"
        assert [ada.api.delete(path).status_code for _ in range(2)] == [204, 204]
    else:
        with app.app_context(), atomic() as work:
            work.execute(update(Invitation).values(expires_at=now()))
    assert registers(app, "eve", token).status_code == 403
    answer = PageClient(app).get(f"/register?invitation={token}")
    assert answer.status_code == 403
    assert "Ask for a new one" in answer.text
    assert ada.api.get("/api/invitations").get_json()["items"] == []


@pytest.mark.slow
def test_closed_registration(app, ada, registration):
    _, token = invited(ada)
    registration("closed")
    assert registers(app, "eve").status_code == 403
    assert registers(app, "eve", token).status_code == 403
    answer = PageClient(app).get("/register")
    assert answer.status_code == 403
    assert "Registration is closed" in answer.text
    assert "Log in" in answer.text
    assert "/register" not in PageClient(app).get("/").text
    assert "/register" not in PageClient(app).get("/login").text


def test_the_registration_page_keeps_the_invitation(app, ada, registration):
    registration("invite")
    browser = PageClient(app)
    answer = browser.get("/register")
    assert answer.status_code == 403
    assert "You need an invitation" in answer.text
    link = invitations_link(ada)
    fields = {"name": "Bob", "email": "bob@example.org"}
    wrong = browser.submit(link, "/register", password="short", **fields)
    assert wrong.status_code == 422
    form = Page(wrong.text).form("/register")
    done = browser.post("/register", data={**form.fields, "password": PASSWORD})
    assert done.status_code == 303, done.text
    assert browser.page("/chats").text


def invitations_link(ada: Person) -> str:
    made, _ = invited(ada)
    assert made["link"].startswith("http://127.0.0.1:5000/register?invitation=")
    return made["link"].removeprefix("http://127.0.0.1:5000")


@pytest.mark.slow
def test_the_last_place_of_an_invitation_admits_one_person(app, ada, registration):
    registration("invite")
    for round_ in range(10):
        _, token = invited(ada, uses=2)
        answers: list[int] = []

        def go(name: str, token: str = token) -> None:
            answers.append(registers(app, name, token).status_code)  # noqa: B023

        threads = [threading.Thread(target=go, args=(f"p{round_}x{n}",)) for n in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(answers) == [201] * 2 + [403] * 4


def test_a_used_token_is_not_stored(app, ada):
    _, token = invited(ada)
    with app.app_context():
        from chatapp.core.db import db

        (row,) = db.session.query(Invitation)
        assert token not in str(vars(row))
        assert row.token_hash == digest(token).hex()


@pytest.mark.parametrize(
    "new",
    [{"uses": 0}, {"uses": 1001}, {"uses": "3"}, {"expires_in": 59}, {"expires_in": 10**9},
     {"email": "nobody"}],
)  # fmt: skip
def test_invalid_invitations(ada, new):
    assert ada.api.post("/api/invitations", new).status_code == 422


def test_only_administrators(app, ada):
    bob = register(app, "Bob")
    made, _ = invited(ada)
    assert bob.api.get("/api/invitations").status_code == 403
    assert bob.api.post("/api/invitations", {}).status_code == 403
    assert bob.api.delete(f"/api/invitations/{made['id']}").status_code == 403
    assert bob.client.get("/admin/invitations").status_code == 403
    assert "/admin" not in bob.client.get("/chats").text
    assert "/admin" in ada.client.get("/chats").text
    assert ada.api.delete(f"/api/invitations/{bob.id}").status_code == 404


def test_the_administrators_page(app, ada):
    assert "No active links" in ada.client.page("/admin/invitations").text
    made = ada.client.submit("/admin/invitations", uses="3", expires_in="86400")
    assert made.status_code == 201
    assert "/register?invitation=" in made.text
    page = ada.client.page("/admin/invitations")
    assert "For 3 people" in page.text
    assert "invitation=" not in page.html, "the link is shown once"
    (id_,) = [one["id"] for one in ada.api.get("/api/invitations").get_json()["items"]]
    gone = ada.client.submit("/admin/invitations", f"/admin/invitations/{id_}/revoke")
    assert gone.status_code == 303
    assert "withdrawn" in ada.client.page("/admin/invitations").text
    wrong = ada.client.submit("/admin/invitations", uses="0", expires_in="86400")
    assert wrong.status_code == 422
