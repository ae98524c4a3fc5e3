"""Bodies, events, registrations and addresses that are not as they should be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests

from tests.support.bad_input import MISSING, _without_presence, body_with
from tests.support.cast import Pair
from tests.support.errors import ack_error, rest_error
from tests.support.html import Page
from tests.support.people import PASSWORD, Person, WebSession
from tests.support.server import LiveServer
from tests.support.waiting import PATIENCE

pytestmark = pytest.mark.live

MEGABYTE = "x" * 1_000_000


@pytest.mark.usefixtures("nothing_stored")
def test_a_megabyte_of_text(pair: Pair) -> None:
    address = f"/api/chat/{pair.id}/messages"
    answer = pair.alice.rest("POST", address, json={"content": MEGABYTE})
    assert rest_error(answer)["code"] == "too_large"

    session = pair.alice.web()
    page = f"/chats/{pair.id}"
    answer = session.submit(page, content=MEGABYTE)
    assert answer.status_code == 413
    assert answer.headers["Content-Type"].startswith("text/html")

    for path in ("/api/auth/register", "/api/auth/login"):
        body = {"email": MEGABYTE, "password": MEGABYTE}
        answer = requests.post(pair.alice.server.url + path, json=body, timeout=PATIENCE)
        assert rest_error(answer)["code"] == "too_large", path

    wire = pair.alice.wire()
    wire.tell("message:send", {"conversation_id": pair.id, "content": MEGABYTE})
    wire.wait_for("disconnect")


@pytest.mark.usefixtures("nothing_stored")
def test_an_unknown_event(pair: Pair) -> None:
    wire = pair.alice.wire()
    for event in (
        "nonsense",
        "",
        "sendMessage",
        "send-message",
        "newMessage",
        "message:received",
        "conversation:created",
        "error",
        "connect",
        "disconnect",
        "connect_error",
        "__disconnect_final",
        "*",
        "message:send ",
        "MESSAGE:SEND",
    ):
        payload = {"conversation_id": pair.id, "content": "x"}
        assert ack_error(wire.call(event, payload))["code"] == "bad_request", event
    assert wire.connected
    assert wire.call("sync", {"versions": {}})["ok"] is True


@pytest.mark.usefixtures("nothing_stored")
def test_a_payload_that_is_no_object(pair: Pair) -> None:
    wire = pair.alice.wire()
    for event in (
        *("message:send", "message:read", "conversation:join", "conversation:leave"),
        *("conversation:create", "sync"),
    ):
        for payload in ("text", 5, True, [], [1, 2], [{"conversation_id": pair.id}], b"bytes"):
            error = ack_error(wire.call(event, payload))
            assert error["code"] in ("bad_request", "validation_failed"), (event, payload)
        for payload in (None, {}, {"conversation_id": {"deep": [[[]]]}}):
            answer = wire.call(event, payload)
            if event == "sync" and answer["ok"]:
                continue  # nothing known is something to sync from
            error = ack_error(answer)
            assert error["code"] in ("bad_request", "validation_failed"), (event, payload)
    payload = {"conversation_id": pair.id, "content": b"bytes"}
    assert ack_error(wire.call("message:send", payload))["code"] == "validation_failed"
    assert wire.connected


@pytest.mark.usefixtures("nothing_stored")
def test_bad_sync(pair: Pair) -> None:
    wire = pair.alice.wire()
    for versions in (
        *(None, [], "x", 5, {"x": 1}, {"1.5": 1}, {"": 1}, {str(pair.id): None}),
        *({str(pair.id): "1"}, {str(pair.id): -1}, {str(pair.id): [1]}, {str(pair.id): True}),
        {str(pair.id): 10**30},
    ):
        error = ack_error(wire.call("sync", {"versions": versions}))
        assert error["code"] == "validation_failed", str(versions)[:60]
    for after_version in ("1", [], {}, -1, 1.5, True, 10**30):
        payload = {"conversation_id": pair.id, "after_version": after_version}
        error = ack_error(wire.call("conversation:join", payload))
        assert error["code"] == "validation_failed", after_version


@pytest.mark.usefixtures("nothing_stored")
def test_without_an_acknowledgement_a_failure_is_the_event_error(pair: Pair) -> None:
    wire = pair.alice.wire()
    wire.tell("message:send", {"conversation_id": pair.id, "content": ""})
    wire.tell("nonsense", {})
    wire.tell("conversation:join", {"conversation_id": 10**9})

    errors = wire.wait_for_many("error", 3)
    codes = sorted(rest["error"]["code"] for rest in errors)
    assert codes == ["bad_request", "not_found", "validation_failed"]
    for payload in errors:
        ack_error({"ok": False, **payload})


def test_bad_conversations(pair: Pair, carol: Person) -> None:
    (before,) = map(_without_presence, pair.alice.get("/api/chat")["items"])
    wire = pair.alice.wire()
    unknown = "00000000-0000-4000-8000-000000000000"
    for ids in (
        *(MISSING, None, "x", carol.id, 5, {}, [], [pair.alice.id], [None], [5], ["x"], [[]]),
        *([{"id": carol.id}], [unknown], [carol.id, "x"], ["%"]),
        [f"00000000-0000-4000-8000-{number:012}" for number in range(5000)],
    ):
        body = body_with({}, "participant_ids", ids)
        error = rest_error(pair.alice.rest("POST", "/api/chat", json=body))
        assert error["code"] in ("validation_failed", "too_large"), ids
        if error["code"] == "validation_failed":
            assert any(name.startswith("participant_ids") for name in error["fields"]), ids
            error = ack_error(wire.call("conversation:create", body))
            assert error["code"] == "validation_failed", ids
    (after,) = map(_without_presence, pair.alice.get("/api/chat")["items"])
    assert after == before
    assert carol.get("/api/chat")["items"] == []


REGISTRATION = {"email": "new@example.org", "password": PASSWORD, "name": "New"}
BAD_REGISTRATIONS: dict[str, list[Any]] = {
    "email": [
        *(MISSING, None, 5, [], ["a@example.org"], {"$ne": None}),
        *("", "x", "a@", "@b.example", "a b@example.org", "a@example.org\nb@example.org"),
        *(f"{'x' * 300}@example.org", "\ud800@x.org"),
    ],
    "password": [MISSING, None, 5, [], {}, "", "short", "x" * 129, "password", "12345678"],
    "username": ["ab", "x" * 31, "with space", "Ünicode", "a/b", 5, [], {}, "<b>"],
    "name": ["x" * 81, 5, [], {}],
}


def test_bad_registrations(server: LiveServer) -> None:
    for field, values in BAD_REGISTRATIONS.items():
        for value in values:
            body = body_with(REGISTRATION, field, value)
            answer = requests.post(f"{server.url}/api/auth/register", json=body, timeout=PATIENCE)
            error = rest_error(answer)
            assert error["code"] == "validation_failed", (field, value)
            assert field in error["fields"], (field, value, error)
    login = {"email": REGISTRATION["email"], "password": PASSWORD}
    answer = requests.post(f"{server.url}/api/auth/login", json=login, timeout=PATIENCE)
    assert rest_error(answer)["code"] == "unauthenticated", "nobody was registered"


def test_a_taken_address_or_name_is_a_conflict(pair: Pair) -> None:
    alice = pair.alice
    for taken in (
        {"email": alice.email},
        {"email": alice.email.upper()},
        {"email": "free@example.org", "username": alice.username},
        {"email": "free@example.org", "username": alice.username.upper()},
    ):
        answer = requests.post(
            f"{alice.server.url}/api/auth/register",
            json={**REGISTRATION, **taken},
            timeout=PATIENCE,
        )
        assert rest_error(answer)["code"] == "conflict", taken


def test_rights_are_not_taken_by_asking(
    server: LiveServer, person: Callable[[str], Person]
) -> None:
    claimed = {
        "is_staff": True,
        "is_superuser": True,
        "is_active": False,
        "id": "00000000-0000-4000-8000-000000000000",
        "date_joined": "2001-01-01T00:00:00.000Z",
        "password_hash": "x",
    }
    other = person("Mallory")
    email = f"grabby-{other.username}@example.org"
    body = {**REGISTRATION, "email": email, **claimed}
    answer = requests.post(f"{server.url}/api/auth/register", json=body, timeout=PATIENCE)
    if answer.status_code != 201:
        assert rest_error(answer)["code"] == "forbidden"
        return
    user = answer.json()["user"]
    assert user["id"] != claimed["id"]
    assert not user.get("is_staff")
    assert not user.get("is_superuser")
    assert user.get("is_active", True) is True


def test_the_register_form_keeps_what_was_typed(server: LiveServer, pair: Pair) -> None:
    session = WebSession(server)
    for field, value, status in (
        ("email", "nonsense", 422),
        ("password", "short", 422),
        ("username", "no spaces please", 422),
        ("email", pair.alice.email, 409),
    ):
        typed = {**REGISTRATION, "username": "newcomer", field: value}
        answer = session.submit("/register", **typed)
        assert answer.status_code == status, (field, value)
        form = Page(answer.text).form("/register")
        for name in ("email", "name", "username"):
            assert form.fields[name] == typed[name], (field, name)
        assert form.fields["password"] == "", "a password is never sent back"
        assert session.request("GET", "/chats").status_code == 302


def test_wrong_logins_say_all_the_same(server: LiveServer, pair: Pair) -> None:
    url = f"{server.url}/api/auth/login"
    told = set()
    for body in (
        {"email": pair.alice.email, "password": "wrong password"},
        {"email": pair.alice.username, "password": "wrong password"},
        {"email": "nobody@example.org", "password": "wrong password"},
        {"email": "nobody", "password": PASSWORD},
        {"email": pair.alice.email, "password": PASSWORD + " "},
        {"email": pair.alice.email, "password": PASSWORD.upper()},
        {"email": "%", "password": PASSWORD},
    ):
        answer = requests.post(url, json=body, timeout=PATIENCE)
        assert rest_error(answer)["code"] == "unauthenticated", body
        told.add(answer.text)
    assert len(told) == 1
    for body in (
        {},
        {"email": pair.alice.email},
        {"email": {"$ne": None}, "password": {"$ne": None}},
        {"email": [pair.alice.email], "password": [PASSWORD]},
        {"email": pair.alice.email, "password": True},
    ):
        answer = requests.post(url, json=body, timeout=PATIENCE)
        assert rest_error(answer)["code"] == "validation_failed", body


def test_addresses_that_are_not_there(pair: Pair) -> None:
    for path in ("/api/nonsense", "/api/users/x", "/api/users/../chat/1", "/api/chat/x"):
        assert rest_error(pair.alice.rest("GET", path))["code"] == "not_found", path
    for method, path in (("PUT", "/api/chat"), ("DELETE", f"/api/chat/{pair.id}/messages")):
        answer = pair.alice.rest(method, path)
        assert answer.status_code == 405
        assert rest_error(answer)["code"] == "bad_request"
    answer = requests.get(f"{pair.alice.server.url}/nonsense", timeout=PATIENCE)
    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith("text/html")
