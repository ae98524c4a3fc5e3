"""Who hears of a mention over sockets: those meant, on each of their connections, nobody else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.cast import Pair
from tests.support.errors import ack_error
from tests.support.live_groups import add, heard_of, make_group, remove
from tests.support.people import Person, at_once

pytestmark = pytest.mark.live

Json = dict[str, Any]


def test_the_mentioned_hear_of_it_on_each_connection(
    pair: Pair, carol: Person, person: Callable[[str], Person]
) -> None:
    dave, eve = person("Dave"), person("Eve")
    id_ = make_group(pair.alice, pair.bob, carol, dave)["conversation_id"]
    alice, bobs, carols = pair.alice.wire(), [pair.bob.wire(), pair.bob.wire()], carol.wire()
    daves, eves = dave.wire(), eve.wire()
    dave.rest("POST", f"/api/users/{pair.alice.id}/block")
    text = f"@{pair.bob.username}, @{dave.username} and @{eve.username}"
    ack = alice.call("message:send", {"conversation_id": id_, "content": text})
    message = ack["message"]
    assert message["mentions"] == sorted([pair.bob.id, dave.id])
    expected = {
        "conversation_id": id_,
        "message_id": message["id"],
        "seq": message["seq"],
        "user_id": pair.alice.id,
    }
    for wire in bobs:
        assert wire.wait_for("user:mentioned") == expected
        names = [event for event, _ in wire.log if event in ("message:received", "user:mentioned")]
        assert names == ["message:received", "user:mentioned"], "the message comes first"
    edited = {"message_id": message["id"], "content": f"{text} @all"}
    assert alice.call("message:edit", edited)["ok"]
    assert carols.wait_for("user:mentioned") == expected
    for wire in (alice, *bobs, carols, daves, eves):
        wire.settle()
    counts = [len(wire.events("user:mentioned")) for wire in (alice, *bobs, carols, daves, eves)]
    assert counts == [0, 1, 1, 1, 0, 0], "neither the author nor who blocked her nor a stranger"
    assert heard_of(eves, id_) == []
    assert daves.events("message:received") == [message], "a block is no wall in groups"


def test_one_to_one_across_a_block_nothing_is_told(pair: Pair) -> None:
    alice, bob = pair.alice.wire(), pair.bob.wire()
    pair.bob.rest("POST", f"/api/users/{pair.alice.id}/block")
    send = {"conversation_id": pair.id, "content": f"@{pair.bob.username}"}
    assert ack_error(alice.call("message:send", send))["code"] == "forbidden"
    bob.settle()
    assert bob.events("user:mentioned") == []


def test_very_many_are_told_when_it_is_confirmed(
    pair: Pair, person: Callable[[str], Person]
) -> None:
    more = [person(f"Extra{number}") for number in range(19)]
    id_ = make_group(pair.alice, pair.bob, *more)["conversation_id"]
    alice, bob = pair.alice.wire(), pair.bob.wire()
    send = {"conversation_id": id_, "content": "@all, now", "client_id": "a"}
    refused = ack_error(alice.call("message:send", send))
    assert (refused["code"], list(refused["fields"])) == ("validation_failed", ["mention_all"])
    stored = alice.call("message:send", {**send, "mention_all": True})["message"]
    assert alice.call("message:send", send)["message"]["id"] == stored["id"]
    assert bob.wait_for("user:mentioned")["message_id"] == stored["id"]
    bob.settle()
    assert len(bob.events("user:mentioned")) == 1


def test_whoever_is_removed_hears_of_no_mention_after_it(pair: Pair, carol: Person) -> None:
    """However removals and mentions overtake each other."""
    group = make_group(pair.alice, pair.bob, carol)
    id_ = group["conversation_id"]
    bob = pair.bob.wire()

    def mention(number: int) -> Json:
        return carol.says(id_, f"@{pair.bob.username} {number} @all")

    for _ in range(6):
        at_once(
            [lambda: remove(pair.alice, group, pair.bob) or {}, *[lambda: mention(1)] * 6],
            workers=7,
        )
        bob.settle()
        events = heard_of(bob, id_)
        removed = max(n for n, (event, _) in enumerate(events) if event == "conversation:removed")
        assert events[removed + 1 :] == []
        told = {one["message_id"] for event, one in events if event == "user:mentioned"}
        received = {one["id"] for event, one in events if event == "message:received"}
        assert told <= received
        add(pair.alice, group, pair.bob)
        bob.wait_for_many("conversation:created", 1)
    stored = {message["id"]: message for message in carol.history(id_)}
    assert all(pair.bob.id in stored[one]["mentions"] for one in told)
