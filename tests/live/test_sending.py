"""Many sends at once: one row a client_id, one place a message, one order for all."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from tests.support.cast import Pair
from tests.support.people import Person, at_once
from tests.support.wire import Ack, Wire

pytestmark = [pytest.mark.live, pytest.mark.database]


def accepted(answer: dict[str, Any]) -> dict[str, Any]:
    assert answer["ok"] is True, answer
    message: dict[str, Any] = answer["message"]
    return message


def fire(wire: Wire, conversation_id: int, contents: list[str]) -> list[Ack]:
    """Send all of them without waiting for any answer."""
    return [
        wire.send("message:send", {"conversation_id": conversation_id, "content": content})
        for content in contents
    ]


def test_one_client_id_sent_50_times_at_once_is_one_message(pair: Pair) -> None:
    alice, bob = pair.alice, pair.bob
    listener = bob.wire()
    wires = [alice.wire() for _ in range(10)]
    body = {"content": "once", "client_id": "the-same"}

    def by_rest() -> dict[str, Any]:
        answer = alice.rest("POST", f"/api/chat/{pair.id}/messages", json=body)
        assert answer.status_code in (200, 201), answer.text
        return {**answer.json(), "status": answer.status_code}

    def by_socket(wire: Wire) -> dict[str, Any]:
        return accepted(wire.call("message:send", {"conversation_id": pair.id, **body}))

    tasks = [by_rest] * 20 + [partial(by_socket, wire) for wire in wires * 3]
    answers = at_once(tasks)

    assert len(answers) == 50
    assert {answer["id"] for answer in answers} == {answers[0]["id"]}
    assert {answer["seq"] for answer in answers} == {1}
    assert sum(answer.get("status") == 201 for answer in answers) <= 1
    assert [message["content"] for message in bob.history(pair.id)] == ["once"]

    alice.says(pair.id, "after")
    listener.wait_for("message:received", lambda message: message["content"] == "after")
    assert [m["content"] for m in listener.events("message:received")] == ["once", "after"]


def test_a_repeat_returns_the_first_even_with_another_body(pair: Pair) -> None:
    first = pair.alice.says(pair.id, "first", client_id="c1")
    again = pair.alice.rest(
        "POST", f"/api/chat/{pair.id}/messages", json={"content": "second", "client_id": "c1"}
    )
    over_socket = pair.alice.wire().call(
        "message:send", {"conversation_id": pair.id, "content": "third", "client_id": "c1"}
    )
    by_bob = pair.bob.says(pair.id, "Bob's own", client_id="c1")

    assert again.status_code == 200
    assert again.json()["id"] == first["id"] == accepted(over_socket)["id"]
    assert again.json()["content"] == "first"
    assert by_bob["seq"] == 2, "client_ids of different senders don't meet"


def test_200_sends_at_once_are_numbered_and_heard_once_in_order(pair: Pair) -> None:
    before = pair.alice.get(f"/api/chat/{pair.id}")
    listener = pair.bob.wire()
    senders = [person.wire() for person in (pair.alice, pair.bob) for _ in range(5)]

    def over_socket(number: int, wire: Wire) -> list[dict[str, Any]]:
        acks = fire(wire, pair.id, [f"{number}:{n}" for n in range(10)])
        return [accepted(ack.get()) for ack in acks]

    def over_rest(person: Person, number: int) -> list[dict[str, Any]]:
        return [person.says(pair.id, f"rest {number}")]

    tasks = [partial(over_socket, number, wire) for number, wire in enumerate(senders)]
    tasks += [partial(over_rest, pair.alice, number) for number in range(50)]
    tasks += [partial(over_rest, pair.bob, number) for number in range(50)]
    stored = [message for answers in at_once(tasks, workers=60) for message in answers]

    assert sorted(message["seq"] for message in stored) == list(range(1, 201))
    heard = listener.wait_for_many("message:received", 200)
    assert [message["seq"] for message in heard] == list(range(1, 201))
    first = before["version"] + 1
    assert [message["version"] for message in heard] == list(range(first, first + 200))
    assert {message["id"] for message in heard} == {message["id"] for message in stored}
    assert [message["id"] for message in pair.bob.history(pair.id)] == [m["id"] for m in heard]

    for number, wire in enumerate(senders):
        own = [m["content"] for m in heard if m["content"].startswith(f"{number}:")]
        assert own == [f"{number}:{n}" for n in range(10)], "a connection's sends keep their order"
        wire.wait_for_many("message:received", 200)
        assert_acknowledged_before_heard(wire)


def assert_acknowledged_before_heard(wire: Wire) -> None:
    places: dict[tuple[str, str], int] = {}
    for place, (event, payload) in enumerate(wire.log):
        if event == "ack":
            places["ack", payload["message"]["id"]] = place
        elif event == "message:received":
            places["event", payload["id"]] = place
    acknowledged = [id_ for kind, id_ in places if kind == "ack"]
    assert acknowledged
    for id_ in acknowledged:
        assert places["ack", id_] < places["event", id_], "the sender's ack comes before the event"


def test_a_burst_over_one_connection_keeps_its_order(pair: Pair) -> None:
    alice, listener = pair.alice.wire(), pair.bob.wire()
    contents = [str(number) for number in range(100)]

    acks = fire(alice, pair.id, contents)

    assert [accepted(ack.get())["seq"] for ack in acks] == list(range(1, 101))
    heard = listener.wait_for_many("message:received", 100)
    assert [message["content"] for message in heard] == contents
    alice.wait_for_many("message:received", 100)
    assert_acknowledged_before_heard(alice)


def test_a_polling_client_sends_and_hears_too(pair: Pair) -> None:
    poller = Wire(pair.bob.server, auth={"token": pair.bob.token}, transports=("polling",))
    pair.bob.wires.append(poller)
    acks = fire(poller, pair.id, [str(number) for number in range(20)])

    assert [accepted(ack.get())["seq"] for ack in acks] == list(range(1, 21))
    pair.alice.says(pair.id, "to you")
    heard = poller.wait_for_many("message:received", 21)
    assert [message["seq"] for message in heard] == list(range(1, 22))
    assert_acknowledged_before_heard(poller)


def test_what_the_sender_claims_about_itself_counts_for_nothing(pair: Pair) -> None:
    claims = {
        "sender_id": pair.bob.id,
        "sender": {"id": pair.bob.id, "name": "Bob"},
        "id": "00000000-0000-7000-8000-000000000000",
        "seq": 99,
        "version": 99,
        "created_at": "2001-01-01T00:00:00.000Z",
        "read_at": "2001-01-01T00:00:00.000Z",
    }
    by_rest = pair.alice.says(pair.id, "mine", **claims)
    by_socket = accepted(
        pair.alice.wire().call(
            "message:send", {"conversation_id": pair.id, "content": "mine", **claims}
        )
    )

    for seq, message in enumerate((by_rest, by_socket), start=1):
        assert message["sender_id"] == message["sender"]["id"] == pair.alice.id
        assert message["id"] != claims["id"]
        assert message["seq"] == seq
        assert message["created_at"] > "2020"
        assert message["read_at"] is None


def test_everyone_hears_the_very_same_message_without_private_fields(pair: Pair) -> None:
    listeners = [pair.alice.wire(), pair.bob.wire()]
    stored = pair.alice.says(pair.id, "hello", client_id="c")

    for listener in listeners:
        assert listener.wait_for("message:received") == stored
    assert set(stored) == {
        *("id", "conversation_id", "seq", "client_id", "sender_id", "sender", "type"),
        *("content", "content_html", "mentions", "mentions_all"),
        *("media", "reply_to", "reactions", "version", "read_at"),
        *("created_at", "updated_at", "edited_at", "deleted_at"),
    }
    assert set(stored["sender"]) == {
        *("id", "name", "username", "role", "profile_picture", "avatar_url"),
    }


@pytest.mark.parametrize("text", ["😀" * 10_000, "\U0001d11e" * 10_000, "ä" * 10_000])
def test_the_longest_legal_text_passes_every_door(pair: Pair, text: str) -> None:
    over_socket = accepted(
        pair.alice.wire().call("message:send", {"conversation_id": pair.id, "content": text})
    )
    over_rest = pair.alice.says(pair.id, text)
    form = pair.alice.web().submit(f"/chats/{pair.id}", content=text)

    assert over_socket["content"] == over_rest["content"] == text
    assert form.status_code == 303
    assert [message["content"] for message in pair.bob.history(pair.id)] == [text] * 3


def test_text_is_kept_as_it_came_but_for_nul_and_composition(pair: Pair) -> None:
    kept = "  line one\r\n\tline two \u202e <b>&amp;  "
    assert pair.alice.says(pair.id, kept)["content"] == kept
    assert pair.alice.says(pair.id, "a\0b")["content"] == "ab"
    assert pair.alice.says(pair.id, "e\u0301")["content"] == "\u00e9"


def test_reading_moves_forward_only_and_tells_everyone(pair: Pair) -> None:
    for number in range(3):
        pair.alice.says(pair.id, str(number))
    alice, bob = pair.alice.wire(), pair.bob.wire()
    assert pair.bob.get(f"/api/chat/{pair.id}")["unread_count"] == 3

    assert bob.call("message:read", {"conversation_id": pair.id, "seq": 2})["ok"] is True

    tick = alice.wait_for("message:read")
    assert (tick["conversation_id"], tick["user_id"], tick["seq"]) == (pair.id, pair.bob.id, 2)
    assert tick["read_at"].endswith("Z")
    assert pair.bob.get(f"/api/chat/{pair.id}")["unread_count"] == 1
    assert [m["read_at"] is not None for m in pair.alice.history(pair.id)] == [True, True, False]

    assert pair.bob.rest("POST", f"/api/chat/{pair.id}/read", json={"seq": 1}).status_code == 204
    assert pair.bob.get(f"/api/chat/{pair.id}")["last_read_seq"] == 2, "never goes back"
    assert pair.bob.rest("POST", f"/api/chat/{pair.id}/read", json={"seq": 99}).status_code in (
        204,
        422,
    )
    assert pair.bob.get(f"/api/chat/{pair.id}")["last_read_seq"] <= 3, "never passes the last"
