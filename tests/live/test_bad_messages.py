"""Messages, pointers and queries that are not as they should be: refused, and nothing stored."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.bad_input import MISSING, body_with
from tests.support.cast import Pair
from tests.support.errors import ack_error, rest_error
from tests.support.html import Page

pytestmark = pytest.mark.live

LONG = "x" * 10_001
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
