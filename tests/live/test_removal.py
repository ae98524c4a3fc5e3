"""Removal is immediate: what is committed afterwards reaches the removed person by no door."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from functools import partial
from typing import Any

import pytest

from tests.support.cast import Pair
from tests.support.live_groups import add, heard_of, make_group, remove, versioned, view
from tests.support.people import Person, at_once
from tests.support.server import LiveServer
from tests.support.wire import Wire

pytestmark = [pytest.mark.live, pytest.mark.database]

Json = dict[str, Any]


def _is(wanted: Json, message: Json) -> bool:
    return bool(message["id"] == wanted["id"])


def test_an_open_socket_hears_of_its_removal_and_nothing_more(pair: Pair, carol: Person) -> None:
    group = make_group(pair.alice, pair.bob, carol)
    id_ = group["conversation_id"]
    message = pair.alice.says(id_, "before")
    lines = [pair.bob.wire(), pair.bob.wire()]
    for line in lines:
        view(line, id_)
    counts = [len(line.log) for line in lines]

    remove(pair.alice, group, pair.bob)
    sender = pair.alice.wire()
    view(sender, id_)
    sender.call("typing:start", {"conversation_id": id_})
    sender.call("message:edit", {"message_id": message["id"], "content": "after"})
    sender.call("reaction:add", {"message_id": message["id"], "emoji": "👍"})
    pair.alice.says(id_, "after")
    carol.rest("POST", f"/api/chat/{id_}/read", json={"seq": 99})
    pair.alice.rest("PATCH", f"/api/groups/{group['id']}", json={"name": "after"})

    for line, count in zip(lines, counts, strict=True):
        line.wait_for("conversation:removed")
        line.settle()
        told = [one for one in line.log[count:] if one[0] != "ack" and one in heard_of(line, id_)]
        assert told == [("conversation:removed", {"conversation_id": id_})]
        for event, payload in (
            ("message:send", {"conversation_id": id_, "content": "x"}),
            ("conversation:join", {"conversation_id": id_, "after_version": 0}),
            ("message:edit", {"message_id": message["id"], "content": "x"}),
            ("typing:start", {"conversation_id": id_}),
        ):
            assert line.call(event, payload)["error"]["code"] == "not_found"
        answer = line.call("sync", {"versions": {str(id_): 1}})
        assert answer["removed"] == [id_]
        assert id_ not in [one["conversation"]["id"] for one in answer["conversations"]]
    for path in (f"/api/chat/{id_}", f"/api/chat/{id_}/changes", f"/api/groups/{group['id']}"):
        assert pair.bob.rest("GET", path).status_code == 404


def test_who_is_removed_and_returns_sees_it_whole(pair: Pair) -> None:
    group = make_group(pair.alice, pair.bob)
    id_ = group["conversation_id"]
    line = pair.bob.wire()
    remove(pair.alice, group, pair.bob)
    missed = pair.alice.says(id_, "missed")
    add(pair.alice, group, pair.bob)
    created = line.wait_for("conversation:created")
    joined = line.call("conversation:join", {"conversation_id": id_, "after_version": 0})
    assert missed["id"] in [message["id"] for message in joined["messages"]]
    assert joined["version"] >= created["version"]
    last = pair.alice.says(id_, "heard")
    line.wait_for("message:received", lambda one: one["id"] == last["id"])


def test_sending_ends_exactly_at_the_removal(pair: Pair, carol: Person) -> None:
    """Bob sends without a pause while he is removed, and Alice talks on."""
    group = make_group(pair.alice, pair.bob, carol)
    id_ = group["conversation_id"]
    line, alices = pair.bob.wire(), pair.alice.wire()
    mine = [
        line.send("message:send", {"conversation_id": id_, "content": f"{n}"}) for n in range(60)
    ]
    hers = [
        alices.send("message:send", {"conversation_id": id_, "content": f"a{n}"}) for n in range(60)
    ]
    remove(pair.alice, group, pair.bob)
    stored = [ack["message"]["seq"] for ack in (one.get() for one in mine) if ack["ok"]]
    assert all(one.get()["ok"] for one in hers)
    line.wait_for("conversation:removed")
    line.settle()
    history = pair.alice.history(id_)
    (said,) = [one for one in history if one["content"] == "Alice removed Bob"]
    assert all(seq < said["seq"] for seq in stored)
    assert all(one["seq"] < said["seq"] for one in history if one["sender_id"] == pair.bob.id)
    assert all(version < said["version"] for _, version in versioned(line, id_))
    assert [one["seq"] for one in history] == list(range(1, len(history) + 1))


def test_connecting_while_being_removed_or_added_leaves_no_hole(pair: Pair, carol: Person) -> None:
    group = make_group(pair.alice, pair.bob, carol)
    id_ = group["conversation_id"]
    lines: list[Wire] = []

    def connect() -> None:
        lines.append(pair.bob.wire())

    for attempt in range(6):
        inside = attempt % 2 == 1
        change = add if inside else remove
        at_once([connect, connect, partial(change, pair.alice, group, pair.bob), connect])
        marker = pair.alice.says(id_, f"marker {attempt}")
        for line in lines:
            if inside:
                line.wait_for("message:received", partial(_is, marker), 10)
            else:
                line.settle()
                ids = [one["id"] for one in line.events("message:received")]
                assert marker["id"] not in ids, "heard after the removal"
    for line in lines:
        line.close()


def test_who_is_removed_by_another_process_neither_types_nor_sees_typing(
    server: LiveServer, new_server: Callable[..., LiveServer], pair: Pair, carol: Person
) -> None:
    """The other process has told this one nothing: what is told goes by the database."""
    beside = new_server(DATABASE_URL=server.environ["DATABASE_URL"])
    group = make_group(pair.alice, pair.bob, carol)
    id_ = group["conversation_id"]
    ref = {"conversation_id": id_}
    bobs, carols = (Wire(beside, auth={"token": one.token}) for one in (pair.bob, carol))
    with closing(bobs), closing(carols):
        view(bobs, id_)
        view(carols, id_)
        carols.call("typing:start", ref)
        bobs.wait_for("user:typing")
        bobs.call("typing:start", ref)
        carols.wait_for("user:typing")
        count = len(bobs.log)

        remove(pair.alice, group, pair.bob)
        for event in ("typing:stop", "typing:start", "conversation:leave", "conversation:join"):
            assert carols.call(event, ref)["ok"]
        assert carols.wait_for("user:stopped-typing")["user_id"] == pair.bob.id
        assert carols.wait_for("user:left")["user_id"] == pair.bob.id
        for event in ("typing:start", "typing:stop", "conversation:join", "conversation:leave"):
            assert bobs.call(event, ref)["error"]["code"] == "not_found"
        bobs.settle()
        assert [one for one in bobs.log[count:] if one in heard_of(bobs, id_)] == []
        assert len(carols.events("user:typing")) == 1
