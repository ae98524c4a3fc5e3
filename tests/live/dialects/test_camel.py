"""The dialect camel."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.dialects import contents
from tests.support.people import Person
from tests.support.server import LiveServer
from tests.support.wire import knock

pytestmark = pytest.mark.live


def test_camel_without_a_token_is_told_what_to_send(server: LiveServer, alice: Person) -> None:
    for refused in (
        knock(server, "websocket", query=f"&userId={alice.id}"),
        knock(server, "websocket", auth={"userId": alice.id}),
    ):
        assert not refused.welcomed
        assert refused.error is not None
        assert "token" in refused.error["message"]
        assert refused.error["data"]["error"]["code"] == "unauthenticated"


def test_camel_as_somebody_else(server: LiveServer, alice: Person, bob: Person) -> None:
    auth = {"token": alice.token, "userId": bob.id}
    refused = knock(server, "websocket", auth=auth)
    assert not refused.welcomed
    assert refused.error is not None
    assert refused.error["data"]["error"]["code"] == "forbidden"
    for query in (f"&userId={bob.id}", f"&userId={alice.id}&userId={bob.id}"):
        mixed = knock(server, "websocket", auth={"token": alice.token}, query=query)
        assert not mixed.welcomed
    wire = alice.wire(userId=alice.id)
    assert wire.call("connection", {"userId": bob.id})["error"]["code"] == "forbidden"
    assert wire.call("connection", {"userId": alice.id}) == {}


def test_camel_errors(
    server: LiveServer, alice: Person, carol: Person, group: dict[str, Any]
) -> None:
    wire = carol.wire(userId=carol.id)
    send = {"conversation_id": group["conversation_id"], "content": "let me in", "type": "text"}
    answer = wire.call("sendMessage", send)
    assert set(answer) == {"error"}
    assert set(answer["error"]) == {"code", "message"}
    assert answer["error"]["code"] == "not_found"
    wire.tell("sendMessage", send)
    assert wire.wait_for("error")["error"]["code"] == "not_found"
    answer = wire.call("sendMessage", {**send, "type": "image"})
    assert answer["error"]["code"] == "validation_failed"
    for event in ("message:send", "send-message", "typing:start", "nonsense"):
        assert wire.call(event, send)["error"]["code"] == "bad_request"
    assert "let me in" not in contents(alice, group["conversation_id"])


def test_camel_repeats_and_addresses(server: LiveServer, alice: Person, bob: Person) -> None:
    id_ = alice.opens(bob)
    wire = alice.wire(userId=alice.id)
    picture = {
        "conversation_id": id_,
        "content": "https://example.org/cat.png",
        "type": "image",
        "client_id": "one",
    }
    first = wire.call("sendMessage", picture)
    assert first["type"] == "image"
    assert first["content"] == picture["content"]
    assert wire.call("sendMessage", picture)["id"] == first["id"]
    assert len(contents(bob, id_)) == 1


def test_camel_hears_the_plain_and_nothing_of_edits(
    server: LiveServer, alice: Person, bob: Person
) -> None:
    wire = bob.wire(userId=bob.id)
    made = alice.rest("POST", "/api/groups", json={"name": "Crew", "members": [bob.id]}).json()
    system = wire.wait_for("receiveMessage")
    assert system["type"] == "text"
    assert "created the group" in system["content"]
    message = alice.says(made["conversation_id"], "hello")
    alice.rest("PATCH", f"/api/messages/{message['id']}", json={"content": "hello!"})
    alice.rest("DELETE", f"/api/messages/{message['id']}")
    alice.says(made["conversation_id"], "last")
    wire.wait_for("receiveMessage", lambda m: m["content"] == "last")
    assert {event for event, _ in wire.log} == {"receiveMessage"}
    assert [m["content"] for m in wire.events("receiveMessage")][1:] == ["hello", "last"]
