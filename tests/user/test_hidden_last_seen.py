"""People who hide when they were last here: both ways round."""

from __future__ import annotations

import pytest

from tests.support.privacy import (
    conversation,
    group,
    heard,
    hides,
    line,
    read_seqs,
    reads,
    says,
)
from tests.support.switchboard import GRACE, Switchboard
from tests.support.world import Person, World

pytestmark = pytest.mark.database


def last_seen(viewer: Person, person: Person, conversation_id: int) -> set[str | None]:
    """When the viewer is told that they were last here, over every door."""
    profile = viewer.api.get(f"/api/users/{person.id}").get_json()
    found = viewer.api.get("/api/users", q=person.username).get_json()["items"]
    members = conversation(viewer, conversation_id)["participants"]
    listed = viewer.api.get("/api/chat").get_json()["items"][0]["participants"]
    changes = viewer.api.get(f"/api/chat/{conversation_id}/changes", after_version=0).get_json()
    shown = [profile, *found, *members, *listed, *changes["conversation"]["participants"]]
    mine = [one for one in shown if one["id"] == person.id]
    assert len(mine) >= 4
    assert all(one["online"] is False for one in mine)
    return {one["last_seen"] for one in mine}


@pytest.mark.slow
def test_last_seen_is_hidden_both_ways_and_presence_stays(world: World, board: Switchboard):
    alice, bob, id_ = world.alice, world.bob, world.conversation_id
    for person in (alice, bob):
        line(board, person).close()
    board.pass_time(GRACE)
    (of_alice,), (of_bob,) = last_seen(bob, alice, id_), last_seen(alice, bob, id_)
    assert of_alice
    assert of_bob

    hides(bob, hide_last_seen=True)
    assert last_seen(alice, bob, id_) == {None}
    assert last_seen(bob, alice, id_) == {None}
    own = next(one for one in conversation(bob, id_)["participants"] if one["id"] == bob.id)
    assert own["last_seen"] == of_bob  # one's own is no secret

    hides(bob, hide_last_seen=False)
    assert last_seen(alice, bob, id_) == {of_bob}
    assert last_seen(bob, alice, id_) == {of_alice}


def test_group_members_hide_last_seen_too(world: World, board: Switchboard):
    group(world.alice, world.bob, world.carol)
    for person in (world.bob, world.carol):
        line(board, person).close()
    board.pass_time(GRACE)
    hides(world.bob, hide_last_seen=True)
    (crew,) = world.alice.api.get("/api/groups").get_json()["items"]
    members = world.alice.api.get(f"/api/groups/{crew['id']}").get_json()["members"]
    shown = {one["name"]: one["last_seen"] for one in members}
    assert shown["Bob"] is None
    assert shown["Carol"]


def test_presence_events_leave_out_a_hidden_last_seen(world, board):
    alice, bob, carol = world.alice, world.bob, world.carol
    group(alice, bob, carol)
    hides(carol, hide_last_seen=True)
    lines = {one.name: line(board, one) for one in (alice, carol)}
    line(board, bob).close()
    board.pass_time(GRACE)
    told = heard(lines, "user:offline")
    assert [one["user_id"] for one in told["Alice"]] == [bob.id]
    assert told["Alice"][0]["last_seen"]
    assert told["Carol"] == [{"user_id": bob.id, "last_seen": None}]

    hides(carol, hide_last_seen=False)
    hides(bob, hide_last_seen=True)
    line(board, bob).close()
    assert {name: one[0]["last_seen"] for name, one in heard(lines, "user:online").items()} == {
        "Alice": None,
        "Carol": None,
    }
    board.pass_time(GRACE)
    assert {name: one[0]["last_seen"] for name, one in heard(lines, "user:offline").items()} == {
        "Alice": None,
        "Carol": None,
    }


def test_the_page_of_a_conversation_shows_no_hidden_time(world: World, board: Switchboard):
    line(board, world.bob).close()
    board.pass_time(GRACE)
    page = f"/chats/{world.conversation_id}"
    assert "Last seen" in world.alice.client.get(page).text
    hides(world.bob, hide_last_seen=True)
    assert "Last seen" not in world.alice.client.get(page).text


def test_people_who_hide_last_seen_get_no_presence_events(crew, board: Switchboard):
    alice, bob, carol, dave, id_ = crew
    first = says(alice, id_)
    hides(dave, hide_read_receipts=True)
    lines = {one.name: line(board, one) for one in (alice, bob, carol, dave)}

    reads(bob, id_)
    told = heard(lines, "message:read")
    assert set(told) == {"Alice", "Bob", "Carol"}
    reads(dave, id_)
    assert set(heard(lines, "message:read")) == {"Dave"}  # for their other devices

    reads(carol, id_)
    assert first["seq"] in read_seqs(alice, id_)
    heard(lines, "message:read")
    edited = alice.api.patch(f"/api/messages/{first['id']}", {"content": "edited"})
    assert edited.status_code == 200
    told = heard(lines, "message:edited")
    assert {name: bool(one["read_at"]) for name, (one,) in told.items()} == {
        "Alice": True,
        "Bob": True,
        "Carol": True,
        "Dave": False,
    }
    (found,) = alice.api.get("/api/groups").get_json()["items"]
    alice.api.patch(f"/api/groups/{found['id']}", {"name": "Gang"})
    told = heard(lines, "conversation:updated")
    shown = {
        name: {one["name"]: one["last_read_seq"] for one in event["participants"]}
        for name, (event,) in told.items()
    }
    assert shown["Alice"] == shown["Bob"] != shown["Dave"]
    assert set(shown["Dave"].values()) == {0}
    assert told["Dave"][0]["read_by_all_seq"] == 0
    assert told["Dave"][0]["last_message"]["read_at"] is None
    assert set(told) == {"Alice", "Bob", "Carol", "Dave"}


def test_socket_answers_hide_last_seen_too(crew, board: Switchboard):
    alice, bob, carol, dave, id_ = crew
    body = {"conversation_id": id_, "content": "Hi", "client_id": "one"}
    talking = line(board, dave)
    sent = talking.call("message:send", body)["message"]
    for person in (alice, bob, carol):
        reads(person, id_)
    assert talking.call("message:send", body)["message"]["read_at"]
    hides(dave, hide_read_receipts=True)
    assert talking.call("message:send", body)["message"]["read_at"] is None
    reacted = talking.call("reaction:add", {"message_id": sent["id"], "emoji": "👍"})
    assert reacted["message"]["read_at"] is None
    joined = talking.call("conversation:join", {"conversation_id": id_, "after_version": 0})
    synced = talking.call("sync", {"versions": {str(id_): 0}})["conversations"]
    (caught_up,) = [one for one in synced if one["conversation"]["id"] == id_]
    for answer in (joined, caught_up):
        assert [one["read_at"] for one in answer["messages"]] == [None] * len(answer["messages"])
        assert answer["conversation"]["read_by_all_seq"] == 0
        assert answer["conversation"]["last_message"]["read_at"] is None
