"""RATE_LIMITS=on, as it is by default: per person, over all doors together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import socketio

from tests.support.cast import Register
from tests.support.errors import ack_error
from tests.support.people import Person, at_once
from tests.support.server import LiveServer
from tests.support.waiting import wait_until
from tests.support.wire import knock

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def limited(new_server: Callable[..., LiveServer]) -> LiveServer:
    return new_server(RATE_LIMITS="on")


@pytest.fixture
def alice(limited: LiveServer, register: Register) -> Person:
    return register(limited, "Alice")


@pytest.fixture
def bob(limited: LiveServer, register: Register) -> Person:
    return register(limited, "Bob")


@pytest.mark.parametrize("transport", ["websocket", "polling"])
def test_the_eleventh_connection_is_refused(
    limited: LiveServer, alice: Person, bob: Person, transport: str
) -> None:
    wires = [alice.wire() for _ in range(10)]
    refused = knock(limited, transport, auth={"token": alice.token})
    assert not refused.welcomed
    assert refused.error is not None
    assert refused.error["message"] == "rate_limited"
    assert refused.error["data"]["error"]["code"] == "rate_limited"
    assert "Close another window" in refused.error["data"]["error"]["message"]
    assert all(wire.call("sync", {"versions": {}})["ok"] for wire in wires)
    bob.wire()
    wires[0].close()
    wait_until(
        lambda: knock(limited, transport, auth={"token": alice.token}).welcomed,
        "there is room again",
    )


def test_connections_that_failed_leave_their_place(limited: LiveServer, alice: Person) -> None:
    for _ in range(9):
        alice.wire()
    for _ in range(30):
        assert not knock(limited, "websocket", auth={"token": "x" + alice.token}).welcomed
    assert knock(limited, "websocket", auth={"token": alice.token}).welcomed


def test_messages_count_over_all_doors_and_repeats_do_not(alice: Person, bob: Person) -> None:
    room = alice.opens(bob)
    wire = alice.wire()
    sent = [
        {"conversation_id": room, "content": str(number), "client_id": str(number)}
        for number in range(40)
    ]
    answers = [ack.get() for ack in [wire.send("message:send", each) for each in sent]]
    stored = [answer["message"]["content"] for answer in answers if answer["ok"]]
    refused = [answer for answer in answers if not answer["ok"]]
    assert stored[:30] == [str(number) for number in range(30)]
    assert refused
    assert {ack_error(answer)["code"] for answer in refused} == {"rate_limited"}

    def repeat(number: int) -> int:
        path = f"/api/chat/{room}/messages"
        return alice.rest("POST", path, json=sent[number]).status_code

    assert set(at_once([lambda: repeat(0)] * 20)) <= {200, 201}
    assert wire.call("message:send", sent[1])["message"]["content"] == "1"
    assert bob.says(room, "others go on")
    assert wire.call("sync", {"versions": {}})["ok"], "other events are counted apart"


def test_other_events_count_over_all_doors(alice: Person) -> None:
    wire = alice.wire()
    acks = [wire.send("nothing", {}) for _ in range(300)]
    codes = [ack_error(ack.get())["code"] for ack in acks]
    assert codes[:60] == ["bad_request"] * 60, "these were looked at: there is no such event"
    assert "rate_limited" in codes[60:]
    wait_until(lambda: wire.call("sync", {"versions": {}})["ok"], "after a moment it goes on")
    calls = at_once([lambda: alice.rest("GET", "/api/users/me").status_code] * 150)
    assert set(calls) <= {200, 429}


def test_a_client_hears_why_it_is_refused(limited: LiveServer, alice: Person) -> None:
    for _ in range(10):
        alice.wire()
    client = socketio.Client(reconnection=False)
    heard: list[Any] = []
    client.on("connect_error", heard.append)
    with pytest.raises(socketio.exceptions.ConnectionError):
        client.connect(limited.url, auth={"token": alice.token}, transports=["websocket"])
    assert heard[0]["message"] == "rate_limited"
