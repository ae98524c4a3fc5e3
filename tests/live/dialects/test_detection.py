"""Which dialect a connection speaks, and that no message is lost or doubled until that is known."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from socketio.exceptions import ConnectionError as Refused

from tests.support.dialects import Cookie
from tests.support.people import Person
from tests.support.server import LiveServer

pytestmark = pytest.mark.live


def test_what_a_connection_says_first_settles_it(server: LiveServer, alice: Person) -> None:
    colon = alice.wire()
    assert colon.call("message:read", {"conversation_id": 1, "seq": 0})["error"]["code"]
    assert colon.call("join", alice.id)["error"]["code"] == "bad_request"
    kebab = alice.wire()
    assert kebab.call("join", alice.id) == {"ok": True}
    answer = kebab.call("sync", {"versions": {}})
    assert answer["code"] == "bad_request"
    assert isinstance(answer["error"], str)
    ours = alice.wire(dialect="colon")
    assert ours.call("join", alice.id)["error"]["code"] == "bad_request"
    named = alice.wire(dialect="kebab")
    assert named.call("sync", {"versions": {}})["code"] == "bad_request"
    with pytest.raises(Refused):
        alice.wire(dialect="klingon")


def test_a_connection_that_turns_out_to_speak_kebab_hears_nothing_twice(
    server: LiveServer, alice: Person, bob: Person, group: dict[str, Any]
) -> None:
    wire = alice.wire()
    wire.call("join", alice.id)
    bob.says(group["conversation_id"], "to all")
    heard = wire.wait_for("receive-message", lambda m: m["content"] == "to all")
    assert heard["receiver_id"] == group["id"]
    wire.call("join", alice.id)  # whatever was on its way has come
    assert wire.events("message:received") == []
    assert len(wire.events("receive-message")) == 1


def test_whoever_is_removed_hears_no_more_in_any_dialect(
    server: LiveServer, alice: Person, bob: Person, group: dict[str, Any]
) -> None:
    wires = {"receiveMessage": bob.wire(userId=bob.id), "receive-message": bob.wire()}
    wires["receive-message"].call("join", bob.id)
    alice.says(group["conversation_id"], "before")
    for event, wire in wires.items():
        wire.wait_for(event, lambda m: m["content"] == "before")
    alice.rest("DELETE", f"/api/groups/{group['id']}/members/{bob.id}")
    alice.says(group["conversation_id"], "after")
    direct = alice.opens(bob)
    alice.says(direct, "between us")
    for event, wire in wires.items():
        wire.wait_for(event, lambda m: m["content"] == "between us")
        assert "after" not in [m["content"] for m in wire.events(event)]


def test_a_first_event_without_a_sensible_name(server: LiveServer, alice: Person) -> None:
    for payload in ({"event": ["join"]}, {"event": {"a": 1}}, {"event": None}, "x", None):
        wire = alice.wire()
        assert wire.call("message", payload)["error"]["code"] == "bad_request"
        assert wire.call("sync", {"versions": {}})["ok"] is True


def test_nothing_is_heard_twice_or_lost_while_a_connection_turns_out_to_speak_kebab(
    server: LiveServer, alice: Person, bob: Person, group: dict[str, Any]
) -> None:
    stop = threading.Event()

    def talk() -> int:
        number = 0
        while not stop.is_set():
            bob.says(group["conversation_id"], f"{number}")
            number += 1
        return number

    with ThreadPoolExecutor() as pool:
        talking = pool.submit(talk)
        wires = []
        for _ in range(20):
            wires.append(alice.wire())
            wires[-1].tell("join", alice.id)
            wires[-1].wait_for("receive-message")
        stop.set()
        count = talking.result()
    for wire in wires:
        wire.wait_for("receive-message", lambda m: m["content"] == f"{count - 1}")
        heard = [
            int(m["content"])
            for event, m in wire.log
            if event in ("message:received", "receive-message") and m["content"].isdecimal()
        ]
        assert heard == list(range(heard[0], count))


def test_the_first_of_a_further_dialect_costs_nobody_a_message(
    new_server: Callable[..., LiveServer],
) -> None:
    server = new_server()
    alice, bob = Person(server, "Alice"), Person(server, "Bob")
    id_ = alice.opens(bob)
    camel, kebab = bob.wire(dialect="camel"), bob.wire(dialect="kebab")
    with ThreadPoolExecutor() as pool:
        talking = pool.submit(lambda: [alice.says(id_, f"{number}") for number in range(60)])
        newcomer = Cookie(server, "Carol")
        assert newcomer.knock(server.url).welcomed
        talking.result()
    for wire, event in ((camel, "receiveMessage"), (kebab, "receive-message")):
        wire.wait_for(event, lambda m: m["content"] == "59")
        assert [m["content"] for m in wire.events(event)] == [f"{n}" for n in range(60)]
