"""What administrators do to accounts, over REST and as pages."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest

from chatapp.auth.admin import accounts
from chatapp.auth.admin.accounts import has_administrator, set_administrator
from chatapp.auth.admin.schemas import AccountChange
from chatapp.core.errors import Forbidden
from tests.support.world import PASSWORD, Api, Person, register


@pytest.fixture
def ada(app) -> Person:
    ada = register(app, "Ada")
    with app.app_context():
        set_administrator(ada.id, True)
    return ada


@pytest.fixture
def bob(app) -> Person:
    return register(app, "Bob")


def log_in(app, person: Person):
    body = {"email": person.email, "password": PASSWORD}
    return Api(app, None).post("/api/auth/login", body)


@pytest.mark.slow
def test_deactivating_signs_out_everywhere_and_can_be_undone(app, ada, bob):
    browser = bob.client
    answer = ada.api.patch(f"/api/users/{bob.id}", {"is_active": False})
    assert answer.status_code == 200
    assert answer.get_json()["is_active"] is False
    assert bob.api.get("/api/users/me").status_code == 401
    assert browser.get("/chats").status_code == 302
    refused = log_in(app, bob)
    assert refused.status_code == 403
    assert "deactivated" in refused.get_json()["error"]["message"]
    page = browser.submit("/login", email=bob.email, password=PASSWORD)
    assert page.status_code == 403
    assert "Ask an administrator" in page.text
    assert ada.api.patch(f"/api/users/{bob.id}", {"is_active": True}).status_code == 200
    assert log_in(app, bob).status_code == 200
    assert bob.api.get("/api/users/me").status_code == 401, "what ended stays ended"


def test_memberships_stay(world):
    with world.alice.app.app_context():
        set_administrator(world.carol.id, True)
    world.carol.api.patch(f"/api/users/{world.bob.id}", {"is_active": False})
    path = f"/api/chat/{world.conversation_id}"
    people = world.alice.api.get(path).get_json()["participants"]
    assert {one["id"] for one in people} == {world.alice.id, world.bob.id}


def test_making_administrators(app, ada, bob):
    answer = ada.api.patch(f"/api/users/{bob.id}", {"is_staff": True})
    assert answer.get_json()["is_staff"] is True
    assert bob.api.patch(f"/api/users/{ada.id}", {"is_staff": False}).status_code == 200
    assert ada.api.get("/api/invitations").status_code == 403


def test_the_last_administrator_stays(ada):
    for change in ({"is_staff": False}, {"is_active": False}):
        assert ada.api.patch(f"/api/users/{ada.id}", change).status_code == 409


@pytest.mark.database
@pytest.mark.slow
def test_two_administrators_cannot_both_demote_each_other(app, ada, bob):
    def dismiss(actor: Person, other: Person, together: Barrier) -> int:
        together.wait()
        return actor.api.patch(f"/api/users/{other.id}", {"is_staff": False}).status_code

    with ThreadPoolExecutor(2) as pool:
        for _ in range(10):
            with app.app_context():
                for person in (ada, bob):
                    set_administrator(person.id, True)
            together = Barrier(2)
            answers = [pool.submit(dismiss, *pair, together) for pair in ((ada, bob), (bob, ada))]
            codes = sorted(one.result() for one in answers)
            assert codes in ([200, 403], [200, 409])
            with app.app_context():
                assert has_administrator()


def test_a_demoted_administrator_changes_nothing(app, ada, bob):
    """The door let them pass; what counts is what holds in the transaction."""
    with app.app_context():
        set_administrator(bob.id, True)
        set_administrator(ada.id, False)
        for wanted in ({"is_staff": False}, {"is_active": False}, {"is_staff": True}):
            with pytest.raises(Forbidden):
                accounts.change_account(ada.id, bob.id, AccountChange(**wanted))
        assert has_administrator()


@pytest.mark.database
@pytest.mark.slow
def test_two_administrators_cannot_both_leave_at_once(app, ada, bob):
    def leave(person: Person, together: Barrier) -> int:
        together.wait()
        path = "/api/users/me/deactivate"
        return person.api.post(path, {"password": PASSWORD}).status_code

    with ThreadPoolExecutor(2) as pool:
        for _ in range(10):
            with app.app_context():
                for person in (ada, bob):
                    accounts.activate(person.id)
                    set_administrator(person.id, True)
            people = [
                replace(one, token=log_in(app, one).get_json()["token"]) for one in (ada, bob)
            ]
            together = Barrier(2)
            answers = [pool.submit(leave, person, together) for person in people]
            assert sorted(one.result() for one in answers) == [204, 409]
            with app.app_context():
                assert has_administrator()


def test_only_administrators(app, ada, bob):
    for change in ({"is_staff": True}, {"is_active": False}, {}):
        for person in (ada, bob):
            assert bob.api.patch(f"/api/users/{person.id}", change).status_code == 403
    assert bob.client.get("/admin/people").status_code == 403
    assert bob.client.post(f"/admin/people/{ada.id}").status_code == 403
    assert ada.api.get("/api/users/me").get_json()["is_staff"] is True


def test_the_page(app, ada, bob):
    page = ada.client.page("/admin/people")
    assert "@bob · bob@example.org" in page.text
    assert "@ada" not in ada.client.page("/admin/people?q=BOB").text
    assert "No results for “zoe”" in ada.client.page("/admin/people?q=zoe").text
    path = f"/admin/people/{bob.id}"
    for values, words in (
        ({"is_staff": "true"}, "is now an administrator"),
        ({"is_staff": "false"}, "is now a regular member"),
        ({"is_active": "false"}, "is deactivated and signed out everywhere"),
        ({"is_active": "true"}, "can log in again"),
    ):
        (name,) = values
        token = ada.client.page("/admin/people").form(path).fields["csrf_token"]
        done = ada.client.post(path, data={**values, "csrf_token": token})
        assert done.status_code == 303, name
        assert words in ada.client.page("/admin/people").text
    assert "Deactivated" not in ada.client.page("/admin/people").text


def test_the_audit_log(app, ada, bob, caplog):
    caplog.set_level(logging.INFO, "chatapp.auth")
    ada.api.patch(f"/api/users/{bob.id}", {"is_staff": True})
    ada.api.patch(f"/api/users/{bob.id}", {"is_active": False})
    log_in(app, bob)
    records = [one for one in caplog.records if one.name == "chatapp.auth"]
    told = [(one.getMessage(), one.user_id) for one in records]
    assert told == [
        ("role changed", bob.id),
        ("deactivated", bob.id),
        ("sign-in refused", bob.id),
    ]


def test_the_log_tells_of_accounts_from_the_command_line(app, caplog):
    caplog.set_level(logging.INFO, "chatapp.auth")
    words = ["user", "create", "new@example.org"]
    made = app.test_cli_runner().invoke(args=words, input=f"{PASSWORD}\n")
    assert made.exit_code == 0, made.output
    told = [(one.getMessage(), one.by) for one in caplog.records if one.name == "chatapp.auth"]
    assert told == [("account made", "command line")]
