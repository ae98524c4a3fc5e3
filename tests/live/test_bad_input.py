"""Whatever comes in: the one error shape, the right code, over each door, and nothing stored."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from tests.support.cast import Pair
from tests.support.errors import ack_error, rest_error
from tests.support.html import Page
from tests.support.people import PASSWORD, Person, WebSession
from tests.support.server import LiveServer

pytestmark = pytest.mark.live

MISSING = object()
LONG = "x" * 10_001
MEGABYTE = "x" * 1_000_000

# What is no message text, and what every door says to it.
BAD_CONTENT = {
    "missing": MISSING,
    "null": None,
    "number": 5,
    "float": 1.5,
    "boolean": True,
    "list": [],
    "list of text": ["x"],
    "object": {"$ne": None},
    "empty": "",
    "white space": " \t\n\u2003",
    "only NUL": "\0\0",
    "too long": LONG,
    "half a character": "\ud800",
}
BAD_FIELDS: dict[str, dict[str, Any]] = {
    "client_id": {"empty": "", "too long": "x" * 65, "number": 5, "list": [], "object": {}},
    "type": {"unknown": "nonsense", "system": "system", "number": 5, "list": ["text"]},
}
BAD_CONVERSATION_IDS = {
    "missing": MISSING,
    "null": None,
    "text": "seven",
    "list": [7],
    "object": {"$gt": 0},
    "float": 1.5,
    "boolean": True,
    "empty": "",
    "room name": "conversation:1",
}
STRANGE_CONVERSATION_IDS = {
    "zero": 0,
    "negative": -1,
    "beyond 32 bits": 2**31,
    "beyond 64 bits": 2**63,
    "huge": 10**30,
}


def _without_presence(conversation: dict[str, Any]) -> dict[str, Any]:
    """The test's own sockets bring people online and offline."""
    for participant in conversation["participants"]:
        del participant["online"], participant["last_seen"]
    return conversation


@pytest.fixture
def nothing_stored(pair: Pair) -> Iterator[None]:
    """Holds that the conversation is afterwards what it was."""
    pair.alice.says(pair.id, "the only one")
    before = _without_presence(pair.bob.get(f"/api/chat/{pair.id}"))
    yield
    after = _without_presence(pair.bob.get(f"/api/chat/{pair.id}"))
    assert after == before
    assert [message["content"] for message in pair.bob.history(pair.id)] == ["the only one"]


def body_with(base: dict[str, Any], field: str, value: Any) -> dict[str, Any]:
    return {name: v for name, v in {**base, field: value}.items() if v is not MISSING}


@pytest.mark.usefixtures("nothing_stored")
def test_bad_messages_over_rest(pair: Pair) -> None:
    address = f"/api/chat/{pair.id}/messages"
    for kind, value in BAD_CONTENT.items():
        answer = pair.alice.rest("POST", address, json=body_with({}, "content", value))
        error = rest_error(answer)
        assert error["code"] == "validation_failed", (kind, error)
        assert "content" in error["fields"], (kind, error)
    for field, values in BAD_FIELDS.items():
        for kind, value in values.items():
            body = body_with({"content": "hello"}, field, value)
            error = rest_error(pair.alice.rest("POST", address, json=body))
            assert error["code"] == "validation_failed", (field, kind, error)
            assert field in error["fields"], (field, kind, error)


@pytest.mark.usefixtures("nothing_stored")
def test_bad_messages_over_a_socket(pair: Pair) -> None:
    wire = pair.alice.wire()
    base = {"conversation_id": pair.id, "content": "hello"}
    for kind, value in BAD_CONTENT.items():
        error = ack_error(wire.call("message:send", body_with(base, "content", value)))
        assert error["code"] == "validation_failed", (kind, error)
        assert "content" in error["fields"], (kind, error)
    for field, values in BAD_FIELDS.items():
        for kind, value in values.items():
            error = ack_error(wire.call("message:send", body_with(base, field, value)))
            assert error["code"] == "validation_failed", (field, kind, error)
            assert field in error["fields"], (field, kind, error)
    assert wire.events("error") == [], "asked for an acknowledgement, got the event too"


@pytest.mark.usefixtures("nothing_stored")
def test_bad_messages_by_form(pair: Pair) -> None:
    session = pair.alice.web()
    page = f"/chats/{pair.id}"
    fields = session.page(page).form(page).fields
    for kind in ("missing", "empty", "white space", "only NUL", "too long"):
        data = body_with(fields, "content", BAD_CONTENT[kind])
        answer = session.request("POST", page, data=data)
        assert answer.status_code == 422, kind
        assert answer.headers["Content-Type"].startswith("text/html")
        again = Page(answer.text).form(page)
        typed = str(data.get("content", ""))
        kept, typed = (text.replace("\0", "").strip() for text in (again.fields["content"], typed))
        assert kept == typed, kind
    data = {**fields, "content": "kept as typed", "client_id": "x" * 65}
    answer = session.request("POST", page, data=data)
    assert answer.status_code == 422
    assert Page(answer.text).form(page).fields["content"].strip() == "kept as typed"


@pytest.mark.usefixtures("nothing_stored")
def test_a_conversation_id_of_another_type(pair: Pair) -> None:
    wire = pair.alice.wire()
    payloads: dict[str, dict[str, Any]] = {
        "message:send": {"content": "hello"},
        "message:read": {"seq": 1},
        "conversation:join": {},
        "conversation:leave": {},
    }
    for event, rest in payloads.items():
        for kind, value in BAD_CONVERSATION_IDS.items():
            error = ack_error(wire.call(event, body_with(rest, "conversation_id", value)))
            assert error["code"] == "validation_failed", (event, kind, error)
            assert "conversation_id" in error["fields"], (event, kind, error)
        for kind, number in STRANGE_CONVERSATION_IDS.items():
            error = ack_error(wire.call(event, {**rest, "conversation_id": number}))
            assert error["code"] in ("not_found", "validation_failed"), (event, kind, error)
    for number in STRANGE_CONVERSATION_IDS.values():
        for method, path in (
            ("GET", f"/api/chat/{number}"),
            ("GET", f"/api/chat/{number}/messages"),
            ("GET", f"/api/chat/{number}/changes"),
        ):
            assert rest_error(pair.alice.rest(method, path))["code"] == "not_found", path
        for path, body in (("messages", {"content": "x"}), ("read", {"seq": 1})):
            answer = pair.alice.rest("POST", f"/api/chat/{number}/{path}", json=body)
            assert rest_error(answer)["code"] == "not_found", (number, path)


@pytest.mark.usefixtures("nothing_stored")
def test_bad_read_pointers(pair: Pair) -> None:
    wire = pair.bob.wire()
    for value in (MISSING, None, "1", [1], {}, 1.5, True, -1, 10**30):
        body = body_with({}, "seq", value)
        answer = pair.bob.rest("POST", f"/api/chat/{pair.id}/read", json=body)
        assert rest_error(answer)["code"] == "validation_failed", value
        payload = {"conversation_id": pair.id, **body}
        error = ack_error(wire.call("message:read", payload))
        assert error["code"] == "validation_failed", value


@pytest.mark.usefixtures("nothing_stored")
def test_bad_queries(pair: Pair) -> None:
    messages, changes = f"/api/chat/{pair.id}/messages", f"/api/chat/{pair.id}/changes"
    for path, query in (
        (messages, "limit=x"),
        (messages, "limit=0"),
        (messages, "limit=-1"),
        (messages, "before=x"),
        (messages, "before=1&after=1"),
        (messages, "after=1.5"),
        (changes, "after_version=x"),
        (changes, "after_version=-1"),
        (changes, "after_version=99999999999999999999"),
        (changes, "limit=x"),
        ("/api/chat", "limit=x"),
        ("/api/chat", "cursor=nonsense"),
        ("/api/chat", "cursor=%00"),
        ("/api/users", "cursor=eyJ9"),
        ("/api/users", "limit=%E2%82%AC"),
    ):
        answer = pair.alice.rest("GET", f"{path}?{query}")
        assert rest_error(answer)["code"] == "validation_failed", (path, query)
    many = pair.alice.get(messages, limit=100_000)
    assert len(many["items"]) == 1, "a limit above the most is that most"
    for q in ("%", "_", "\\", "'", '"', "\0", "x" * 3000, "%%%%%%%%%%"):
        answer = pair.alice.rest("GET", "/api/users", params={"q": q})
        if answer.status_code != 200:
            assert rest_error(answer)["code"] == "validation_failed", q
    assert pair.alice.get("/api/users", q="%")["items"] == [], "no wildcard"


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize(
    "path", ["/api/auth/register", "/api/auth/login", "/api/chat", "messages", "read"]
)
def test_bodies_that_are_no_json_object(pair: Pair, path: str) -> None:
    address = path if path.startswith("/") else f"/api/chat/{pair.id}/{path}"

    def post(body: bytes, content_type: str | None) -> dict[str, Any]:
        headers = {"Content-Type": content_type} if content_type else {}
        return rest_error(pair.alice.rest("POST", address, data=body, headers=headers))

    good = b'{"content": "x", "seq": 1}'
    for body in (b"", b"{", b'{"content": ', b"\xff\xfe", b"\x00", b"[" * 5000, b"nonsense"):
        assert post(body, "application/json")["code"] == "bad_request", body[:20]
    for body in (b"[]", b'"text"', b"5", b"null", b"true", b"NaN", b'[{"content": "x"}]'):
        assert post(body, "application/json")["code"] == "bad_request", body
    for content_type in (
        "text/plain",
        "text/plain; charset=application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        None,
    ):
        assert post(good, content_type)["code"] == "unsupported_media_type", content_type


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
        answer = requests.post(pair.alice.server.url + path, json=body, timeout=20)
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
            answer = requests.post(f"{server.url}/api/auth/register", json=body, timeout=10)
            error = rest_error(answer)
            assert error["code"] == "validation_failed", (field, value)
            assert field in error["fields"], (field, value, error)
    login = {"email": REGISTRATION["email"], "password": PASSWORD}
    answer = requests.post(f"{server.url}/api/auth/login", json=login, timeout=10)
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
            f"{alice.server.url}/api/auth/register", json={**REGISTRATION, **taken}, timeout=10
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
    answer = requests.post(f"{server.url}/api/auth/register", json=body, timeout=10)
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
        answer = requests.post(url, json=body, timeout=10)
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
        answer = requests.post(url, json=body, timeout=10)
        assert rest_error(answer)["code"] == "validation_failed", body


def test_addresses_that_are_not_there(pair: Pair) -> None:
    for path in ("/api/nonsense", "/api/users/x", "/api/users/../chat/1", "/api/chat/x"):
        assert rest_error(pair.alice.rest("GET", path))["code"] == "not_found", path
    for method, path in (("PUT", "/api/chat"), ("DELETE", f"/api/chat/{pair.id}/messages")):
        answer = pair.alice.rest(method, path)
        assert answer.status_code == 405
        assert rest_error(answer)["code"] == "bad_request"
    answer = requests.get(f"{pair.alice.server.url}/nonsense", timeout=10)
    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith("text/html")
