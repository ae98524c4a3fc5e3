"""The examples of the contracts, and the rules that hold in every dialect."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import requests
from socketio.exceptions import ConnectionError as Refused

from tests.support.dialects import Cookie, plain
from tests.support.people import PASSWORD, Person
from tests.support.server import LiveServer
from tests.support.waiting import PATIENCE
from tests.support.wire import Wire

pytestmark = pytest.mark.live

EXAMPLES = """
POST /auth/register {"email": "ada@example.org", "password": "correct horse battery", "fullName": "Ada Example"}
PUT /user/profile {"id": "6b1f…", "name": "Ada", "description": "Builds things", "resume_link": "https://example.org/cv", "role": "Developer", "profile_picture": "https://example.org/ada.png", "theme_mode": "dark", "theme_color": "#4ade80", "background_image": "https://example.org/b.png"}
POST /user/add-contact {"contactId": "9c2e…"}
POST /group/create {"name": "Friends", "description": "Private", "group_picture": "https://example.org/g.png", "created_by": "6b1f…", "members": ["6b1f…", "9c2e…"]}
POST /group/add-members {"group_id": "77aa…", "user_ids": ["1d0b…"]}
→ join "6b1f…"
→ send-message {"sender_id": "6b1f…", "receiver_id": "9c2e…", "content": "Hey there!", "is_group": false}
← receive-message {"id": "0197…", "sender_id": "6b1f…", "receiver_id": "9c2e…", "is_group": false, "content": "Hey there!", "created_at": "2026-01-02T03:04:05.678Z"}
→ sendMessage {"conversation_id": 7, "content": "Is the flat still free?", "type": "text"}
← receiveMessage {"id": "0197…", "conversation_id": 7, "sender_id": "6b1f…", "content": "Is the flat still free?", "type": "text", "read_at": null, "created_at": "2026-01-02T03:04:05.678Z", "updated_at": "2026-01-02T03:04:05.678Z", "deleted_at": null, "sender": {"id": "6b1f…", "username": "ada", "email": null, "profile_picture": null, "role": "tenant"}}
POST /api/auth/signup {"fullName": "Ada Example", "username": "ada", "password": "correct horse battery", "confirmPassword": "correct horse battery", "gender": "female"}
POST /api/messages/send/9c2e… {"message": "hi"}
← newMessage {"_id": "0197…", "senderId": "6b1f…", "receiverId": "9c2e…", "message": "hi", "createdAt": "2026-01-02T03:04:05.678Z", "updatedAt": "2026-01-02T03:04:05.678Z"}
"""  # noqa: E501


def _shape(value: Any) -> Any:
    """Names and kinds; ids and times are whatever they are."""
    if isinstance(value, dict):
        return {name: _shape(one) for name, one in value.items()}
    return type(value).__name__


def test_every_example_of_the_contracts(new_server: Callable[..., LiveServer]) -> None:
    server = new_server(USER_ROLES="Developer,tenant")
    lines = [line for line in EXAMPLES.splitlines() if line]
    example = {line.split(" ", 2)[1].split("/9c2e")[0]: line for line in lines}
    bob, dave = Person(server, "Bob"), Person(server, "Dave")
    ids = {"9c2e…": bob.id, "1d0b…": dave.id}

    def filled(name: str) -> Any:
        text = example[name].split(" ", 2)[2]
        for short, real in ids.items():
            text = text.replace(short, real)
        return json.loads(text)

    def post(name: str, token: str | None = None, method: str = "POST") -> Any:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answer = requests.request(
            method, server.url + name, json=filled(name), headers=headers, timeout=PATIENCE
        )
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    assert post("/auth/register")["user"]["name"] == "Ada Example"
    login = {"email": "ada@example.org", "password": "correct horse battery"}
    session = requests.post(f"{server.url}/auth/login", json=login, timeout=PATIENCE).json()
    token = session["session"]["access_token"]
    ids["6b1f…"] = session["user"]["id"]
    profile = post("/user/profile", token, "PUT")["user"]
    assert {name: profile[name] for name in filled("/user/profile")} == filled("/user/profile")
    assert post("/user/add-contact", token)["contact"]["contact_id"] == bob.id
    group = post("/group/create", token)["group"]
    ids["77aa…"] = group["id"]
    assert len(post("/group/add-members", token)["group"]["members"]) == 3

    listens = bob.wire(dialect="kebab")
    wire = Wire(server, auth={"token": token})
    wire.tell("join", filled("join"))
    wire.tell("send-message", filled("send-message"))
    heard = listens.wait_for("receive-message", lambda m: m["content"] == "Hey there!")
    assert _shape(heard) == _shape(filled("receive-message"))

    requests.patch(
        f"{server.url}/api/users/me",
        json={"role": "tenant", "profile_picture": None},
        headers={"Authorization": f"Bearer {token}"},
        timeout=PATIENCE,
    ).raise_for_status()
    ada = Wire(server, auth={"token": token, "userId": ids["6b1f…"]})
    camel = bob.wire(userId=bob.id)
    opened = bob.rest("POST", "/api/chat", json={"participant_ids": [ids["6b1f…"]]}).json()["id"]
    said = {**filled("sendMessage"), "conversation_id": opened}
    acknowledged = ada.call("sendMessage", said)
    received = camel.wait_for("receiveMessage", lambda m: m["content"] == said["content"])
    assert received == acknowledged
    assert _shape(received) == _shape(filled("receiveMessage"))

    signed_up = requests.post(
        f"{server.url}/api/auth/signup",
        json={**filled("/api/auth/signup"), "username": "ada.cookie"},  # "ada" is the first one's
        timeout=PATIENCE,
    )
    jar = {"Cookie": f"jwt={signed_up.cookies['jwt']}", "Origin": server.url}
    same = Wire(server, headers=jar)
    login = {"username": "ada.cookie", "password": "correct horse battery"}
    elsewhere = requests.post(f"{server.url}/api/auth/login", json=login, timeout=PATIENCE)
    other = {"Cookie": f"jwt={elsewhere.cookies['jwt']}", "Origin": server.url}
    cookie = Wire(server, headers=other)
    sent = requests.post(
        f"{server.url}/api/messages/send/{bob.id}",
        json=filled("/api/messages/send"),
        headers=jar,
        timeout=PATIENCE,
    )
    assert sent.status_code == 201
    assert cookie.wait_for("newMessage") == sent.json()
    same.call("anything")  # what was on its way has come
    assert same.events("newMessage") == []
    same.close()
    assert _shape(sent.json()) == _shape(filled("newMessage"))
    for one in (wire, ada, cookie):
        one.close()


def test_who_must_confirm_an_address_first(new_server: Callable[..., LiveServer]) -> None:
    server = new_server(REQUIRE_VERIFIED_EMAIL="on")
    alice, bob = Person(server, "Alice"), Cookie(server, "Bob")
    answer = bob.ask("POST", f"/api/messages/send/{alice.id}", {"message": "x"})
    plain(answer, 403, "forbidden")
    assert "address" in answer.json()["error"]
    credentials = {"email": alice.email, "password": PASSWORD}
    again = alice.rest("POST", "/auth/login", json=credentials)
    assert again.status_code == 200
    body = {"contactId": bob.id}
    plain(alice.rest("POST", "/user/add-contact", json=body), 403, "forbidden")


def test_without_dialects_there_is_colon_alone(new_server: Callable[..., LiveServer]) -> None:
    server = new_server(DIALECTS="none")
    alice = Person(server, "Alice")
    for method, path in (
        ("POST", "/auth/login"),
        ("GET", "/user/dashboard"),
        ("POST", "/api/auth/signup"),
    ):
        answer = requests.request(method, server.url + path, json={}, timeout=PATIENCE)
        assert answer.status_code in (403, 404), (path, answer.status_code)
    wire = alice.wire(userId=alice.id)
    assert wire.call("sync", {"versions": {}})["ok"] is True
    assert wire.call("join", alice.id)["error"]["code"] == "bad_request"
    with pytest.raises(Refused):
        alice.wire(dialect="kebab")
    login = {"username": alice.username, "password": PASSWORD}
    answer = requests.post(f"{server.url}/api/auth/login", json=login, timeout=PATIENCE)
    assert answer.status_code == 422
