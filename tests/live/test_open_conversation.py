"""One conversation for each pair of people, also when both open it at once."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from tests.support.cast import Pair
from tests.support.people import Person, at_once

pytestmark = pytest.mark.live


@pytest.mark.parametrize("round_number", range(3))
def test_both_at_once(person: Callable[[str], Person], round_number: int) -> None:
    alice, bob = person("Alice"), person("Bob")
    wires = {one.id: one.wire() for one in (alice, bob)}

    def by_rest(who: Person, other: Person) -> tuple[int, int]:
        answer = who.rest("POST", "/api/chat", json={"participant_ids": [other.id]})
        assert answer.status_code in (200, 201), answer.text
        return answer.json()["id"], answer.status_code

    def by_socket(who: Person, other: Person) -> tuple[int, int]:
        answer = wires[who.id].call("conversation:create", {"participant_ids": [other.id, who.id]})
        assert answer["ok"] is True, answer
        return answer["conversation"]["id"], 0

    tasks: list[Any] = []
    for _ in range(25):
        tasks += [partial(by_rest, alice, bob), partial(by_rest, bob, alice)]
    tasks[10:10] = [partial(by_socket, alice, bob), partial(by_socket, bob, alice)] * 3
    answers = at_once(tasks)

    assert len({id_ for id_, _ in answers}) == 1
    assert sum(status == 201 for _, status in answers) <= 1
    for who, other in ((alice, bob), (bob, alice)):
        (conversation,) = who.get("/api/chat")["items"]
        assert conversation["id"] == answers[0][0]
        assert conversation["kind"] == "direct"
        assert conversation["name"] == other.name
        assert {one["id"] for one in conversation["participants"]} == {alice.id, bob.id}
        wires[who.id].wait_for("conversation:created")
    first = alice.says(answers[0][0], "first")
    for wire in wires.values():
        assert wire.wait_for("message:received") == first
        assert len(wire.events("conversation:created")) == 1


def test_opening_again_returns_what_stands(pair: Pair) -> None:
    pair.alice.says(pair.id, "hello")
    body = {"participant_ids": [pair.alice.id, pair.alice.id]}

    again = pair.bob.rest("POST", "/api/chat", json=body)

    assert again.status_code == 200
    assert again.json()["id"] == pair.id
    assert again.json()["last_seq"] == 1
    over_socket = pair.bob.wire().call("conversation:create", body)
    assert over_socket["conversation"]["id"] == pair.id


def test_the_list_is_latest_first_with_what_is_unread(
    person: Callable[[str], Person], pair: Pair
) -> None:
    dave = person("Dave")
    with_dave = pair.bob.opens(dave)
    pair.alice.says(pair.id, "one")
    pair.alice.says(pair.id, "two")
    listed = pair.bob.get("/api/chat")["items"]
    assert [one["id"] for one in listed] == [pair.id, with_dave]
    assert listed[0]["unread_count"] == 2
    assert listed[0]["last_message"]["content"] == "two"
    assert listed[1]["last_message"] is None

    dave.says(with_dave, "now me")
    assert [one["id"] for one in pair.bob.get("/api/chat")["items"]] == [with_dave, pair.id]
    first = pair.bob.get("/api/chat", limit=1)
    second = pair.bob.get("/api/chat", limit=1, cursor=first["next_cursor"])
    assert [one["id"] for one in first["items"] + second["items"]] == [with_dave, pair.id]
    assert second["next_cursor"] is None


def test_people_are_found_by_name_and_username_not_by_address(
    person: Callable[[str], Person],
) -> None:
    alice, zoe = person("Alice"), person("Zoe Ünusual")
    for q in ("ünusual", "ÜNUSUAL", "zoe", zoe.username, zoe.username.upper()):
        found = alice.get("/api/users", q=q, limit=200)["items"]
        assert zoe.id in {one["id"] for one in found}, q
        assert all("email" not in one for one in found)
    everyone: list[str] = []
    cursor = None
    while True:
        page = alice.get("/api/users", limit=3, **({"cursor": cursor} if cursor else {}))
        everyone += [one["id"] for one in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            break
    assert len(everyone) == len(set(everyone))
    assert zoe.id in everyone
    assert alice.id not in everyone, "the directory is of others"
