"""The dialect kebab."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests

from tests.support.dialects import contents, plain
from tests.support.people import PASSWORD, Person
from tests.support.server import LiveServer
from tests.support.waiting import PATIENCE

pytestmark = pytest.mark.live


def test_kebab_as_somebody_else(
    server: LiveServer, alice: Person, bob: Person, carol: Person, group: dict[str, Any]
) -> None:
    wire = carol.wire()
    wire.tell("join", alice.id)
    refusal = wire.wait_for("error-message")
    assert refusal["code"] == "forbidden"
    assert isinstance(refusal["error"], str)
    forged = {"sender_id": bob.id, "receiver_id": alice.id, "content": "x", "is_group": False}
    wire.tell("send-message", forged)
    wire.wait_for_many("error-message", 2, lambda e: e["code"] == "forbidden")
    into = {**forged, "sender_id": carol.id, "receiver_id": group["id"], "is_group": True}
    wire.tell("send-message", into)
    wire.tell("join-group", group["id"])
    wire.wait_for_many("error-message", 2, lambda e: e["code"] == "not_found")
    assert "x" not in contents(alice, group["conversation_id"])
    assert not any(c["kind"] == "direct" for c in alice.get("/api/chat")["items"])


def test_kebab_wrapped_as_a_test_tool_does(server: LiveServer, alice: Person, bob: Person) -> None:
    wire, listens = alice.wire(), bob.wire(userId=bob.id)
    wire.tell("message", {"event": "join", "data": alice.id})
    said = {"sender_id": alice.id, "receiver_id": bob.id, "content": "hey", "is_group": False}
    wire.tell("message", {"event": "send-message", "data": said})
    assert listens.wait_for("receiveMessage")["content"] == "hey"
    assert wire.events("error-message") == []


def test_kebab_the_first_message_opens_the_conversation_or_nothing(
    server: LiveServer, alice: Person, bob: Person
) -> None:
    bob.rest("POST", f"/api/users/{alice.id}/block")
    wire = alice.wire(dialect="kebab")
    said = {"sender_id": alice.id, "receiver_id": bob.id, "content": "hey", "is_group": False}
    assert wire.call("send-message", said)["code"] == "forbidden"
    assert alice.get("/api/chat")["items"] == []
    bob.rest("DELETE", f"/api/users/{alice.id}/block")
    assert wire.call("send-message", said)["message"]["receiver_id"] == bob.id
    assert len(bob.get("/api/chat")["items"]) == 1


def test_kebab_calls_as_somebody_else(
    server: LiveServer, alice: Person, bob: Person, carol: Person, group: dict[str, Any]
) -> None:
    plain(carol.rest("PUT", "/user/profile", json={"id": bob.id, "name": "Eve"}), 403, "forbidden")
    rename = {"id": carol.id, "is_staff": True}
    plain(carol.rest("PUT", "/user/profile", json=rename), 403, "forbidden")
    wanted = {"id": bob.id, "password": "another good battery"}
    plain(carol.rest("PUT", "/user/update-password", json=wanted), 403, "forbidden")
    made = {"name": "x", "created_by": bob.id, "members": [carol.id]}
    plain(carol.rest("POST", "/group/create", json=made), 403, "forbidden")
    more = {"group_id": group["id"], "user_ids": [carol.id]}
    plain(carol.rest("POST", "/group/add-members", json=more), 404, "not_found")
    plain(bob.rest("POST", "/group/add-members", json=more), 403, "forbidden")
    nobody = "00000000-0000-4000-8000-000000000000"
    plain(carol.rest("GET", f"/user/{nobody}"), 404, "not_found")
    plain(requests.get(f"{server.url}/user/dashboard", timeout=PATIENCE), 401, "unauthenticated")
    short = {"email": "no", "password": "x", "fullName": ""}
    answer = requests.post(f"{server.url}/auth/register", json=short, timeout=PATIENCE)
    plain(answer, 422, "validation_failed")
    assert {"email", "password", "fullName"} <= set(answer.json()["fields"])


def test_kebab_password_without_the_old_one(new_server: Callable[..., LiveServer]) -> None:
    server = new_server(REAUTH_WINDOW="1s")
    alice = Person(server, "Alice")
    elsewhere = requests.post(
        f"{server.url}/auth/login",
        json={"email": alice.email, "password": PASSWORD},
        timeout=PATIENCE,
    ).json()["session"]["access_token"]
    fresh = {"id": alice.id, "password": "another good battery"}
    changed = alice.rest("PUT", "/user/update-password", json=fresh)
    while changed.status_code == 403:  # the machine was slower than the window: sign in anew
        again = {"email": alice.email, "password": PASSWORD}
        login = requests.post(f"{server.url}/auth/login", json=again, timeout=PATIENCE)
        alice.token = login.json()["session"]["access_token"]
        changed = alice.rest("PUT", "/user/update-password", json=fresh)
    assert changed.status_code == 200
    assert set(changed.json()) == {"message"}
    ended = requests.get(
        f"{server.url}/user/dashboard",
        headers={"Authorization": f"Bearer {elsewhere}"},
        timeout=PATIENCE,
    )
    plain(ended, 401, "unauthenticated")
    third = {"id": alice.id, "password": "a third good battery"}

    def late() -> bool:
        return alice.rest("PUT", "/user/update-password", json=third).status_code == 403

    from tests.support.waiting import wait_until

    wait_until(late, "the window is over")
    plain(alice.rest("PUT", "/user/update-password", json=third), 403, "forbidden")
    proven = {**third, "current_password": "wrong"}
    plain(alice.rest("PUT", "/user/update-password", json=proven), 403, "forbidden")


def test_kebab_has_its_own_shape_where_there_is_nothing(server: LiveServer, alice: Person) -> None:
    for method, path, status in (
        ("DELETE", "/user/profile", 405),
        ("GET", "/auth/login", 405),
        ("GET", "/user/not-an-id", 404),
        ("GET", "/group/xyz", 404),
    ):
        answer = alice.rest(method, path)
        assert answer.status_code == status, (method, path)
        assert isinstance(answer.json()["error"], str)
    deep = requests.post(
        f"{server.url}/auth/login",
        data="[" * 100_000,
        headers={"Content-Type": "application/json"},
        timeout=PATIENCE,
    )
    plain(deep, 400, "bad_request")


def test_kebab_takes_no_session_of_a_page(server: LiveServer, alice: Person) -> None:
    jar = {"Cookie": alice.web().cookie_header}
    answer = requests.get(f"{server.url}/user/dashboard", headers=jar, timeout=PATIENCE)
    plain(answer, 401, "unauthenticated")


def test_kebab_all_is_meant(server: LiveServer, alice: Person) -> None:
    members = [Person(server, f"Member {number}").id for number in range(20)]
    made = alice.rest("POST", "/api/groups", json={"name": "Many", "members": members}).json()
    wire = alice.wire(dialect="kebab")
    said = {"sender_id": alice.id, "receiver_id": made["id"], "content": "@all", "is_group": True}
    assert wire.call("send-message", said)["message"]["content"] == "@all"


def test_kebab_names_fields_as_its_contract_does(
    server: LiveServer, alice: Person, bob: Person
) -> None:
    nobody = "00000000-0000-4000-8000-000000000000"
    oneself = alice.rest("POST", "/user/add-contact", json={"contactId": alice.id})
    plain(oneself, 422, "validation_failed")
    assert set(oneself.json()["fields"]) == {"contactId"}
    body = {"email": "x@example.org", "password": PASSWORD, "fullName": None}
    answer = requests.post(f"{server.url}/auth/register", json=body, timeout=PATIENCE)
    plain(answer, 422, "validation_failed")
    assert set(answer.json()["fields"]) == {"fullName"}
    wire = alice.wire(dialect="kebab")
    said = {"sender_id": alice.id, "receiver_id": nobody, "content": "x", "is_group": False}
    assert set(wire.call("send-message", said)) == {"error", "code"}
    wanted = {"id": alice.id, "username": "somebody.else", "name": "Al"}
    assert alice.rest("PUT", "/user/profile", json=wanted).json()["user"]["name"] == "Al"
    assert alice.get("/api/users/me")["username"] == alice.username


def test_kebab_a_deleted_message_is_not_the_last(
    server: LiveServer, alice: Person, bob: Person
) -> None:
    alice.rest("POST", "/user/add-contact", json={"contactId": bob.id})
    id_ = alice.opens(bob)
    bob.says(id_, "first")
    second = bob.says(id_, "second")
    bob.rest("DELETE", f"/api/messages/{second['id']}")
    contact = alice.get("/user/dashboard")["contacts"][0]
    assert contact["last_message"]["content"] == "first"
