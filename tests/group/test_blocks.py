"""What a block between two people closes, and what it leaves open."""

from __future__ import annotations

import pytest

from chatapp.conversation.changes import sync
from tests.support.groups import add, block, chat, code, roles, say
from tests.support.world import Person

pytestmark = pytest.mark.database


# -- blocks
@pytest.mark.parametrize("way", ["alice", "bob"])
def test_a_block_closes_the_conversation_of_two_either_way_round(world, heard, way):
    one, other = (world.alice, world.bob)[:: 1 if way == "alice" else -1]
    mine = world.messages[0]
    block(one, other)
    block(one, other)
    before = chat(world.alice, world.conversation_id)
    for person in (world.alice, world.bob):
        path = f"/api/chat/{world.conversation_id}/messages"
        assert code(person.api.post(path, {"content": "x"})) == "forbidden"
        assert len(person.api.get(path).get_json()["items"]) == 3, "what was said stays readable"
        opened = person.api.post("/api/chat", {"participant_ids": [world.bob.id, world.alice.id]})
        assert opened.status_code == 200, "what stands is returned"
    edited = world.alice.api.patch(f"/api/messages/{mine['id']}", {"content": "x"})
    assert code(edited) == "forbidden"
    reacted = world.bob.api.put(f"/api/messages/{mine['id']}/reactions/👍")
    assert code(reacted) == "forbidden"
    assert chat(world.alice, world.conversation_id)["version"] == before["version"]
    assert [event.name for event in heard if event.version] == []
    one.api.delete(f"/api/users/{other.id}/block")
    say(world.bob, world.conversation_id, "again")


def receipts(app, viewer: Person, id_: int) -> tuple[list[dict[str, int]], list[int], list[bool]]:
    """How far everybody has read, over every door that shows it; of the messages who is read."""
    changes = viewer.api.get(f"/api/chat/{id_}/changes").get_json()
    with app.app_context():
        (synced,) = sync(viewer.id, {id_: 0})["conversations"]
    (listed,) = viewer.api.get("/api/chat").get_json()["items"]
    shown = [chat(viewer, id_), changes["conversation"], synced["conversation"], listed]
    pointers = [{one["name"]: one["last_read_seq"] for one in c["participants"]} for c in shown]
    by_all = [one["read_by_all_seq"] for one in shown]
    assert changes["messages"] == synced["messages"]
    return pointers, by_all, [bool(message["read_at"]) for message in changes["messages"]]


@pytest.mark.parametrize("way", ["alice", "bob"])
@pytest.mark.parametrize("then", ["reads", "reads the same again", "writes"])
@pytest.mark.slow
def test_reading_across_a_block_is_told_with_the_first_reading_after_it(
    app, world, heard, way, then
):
    id_ = world.conversation_id
    one, other = (world.alice, world.bob)[:: 1 if way == "alice" else -1]
    say(world.alice, id_, "unread")
    block(one, other)
    before = receipts(app, world.alice, id_)
    assert before == ([{"Alice": 4, "Bob": 2}] * 4, [2] * 4, [True, True, False, False])
    heard.clear()
    for seq in (3, 4):
        assert world.bob.api.post(f"/api/chat/{id_}/read", {"seq": seq}).status_code == 204
    assert receipts(app, world.alice, id_) == before
    assert "unread" in world.alice.client.page(f"/chats/{id_}").text
    assert {event.to.user_ids for event in heard} == {frozenset((world.bob.id,))}
    assert {event.conversation_id for event in heard} == {None}
    mine = chat(world.bob, id_)
    assert (mine["unread_count"], mine["last_read_seq"], mine["read_by_all_seq"]) == (0, 4, 4)
    heard.clear()
    assert one.api.delete(f"/api/users/{other.id}/block").status_code == 204
    assert receipts(app, world.alice, id_) == before, "nobody has read anything yet"

    if then == "reads":
        say(world.alice, id_, "news")
        world.bob.api.post(f"/api/chat/{id_}/read", {"seq": 5})
    elif then == "writes":
        say(world.bob, id_, "news")
    else:
        world.bob.api.post(f"/api/chat/{id_}/read", {"seq": 4})
    pointers, by_all, read = receipts(app, world.alice, id_)
    bobs = 4 if then == "reads the same again" else 5
    assert [one["Bob"] for one in pointers] == [bobs] * 4
    assert set(by_all) == {min(bobs, 4 if then == "writes" else 5)}
    assert read[:4] == [True] * 4
    (told,) = [event for event in heard if event.name == "message:read"]
    assert (told.conversation_id, told.payload["seq"]) == (id_, bobs)


def test_nothing_is_made_across_a_block(world, crew):
    block(world.carol, world.alice)
    opened = world.alice.api.post("/api/chat", {"participant_ids": [world.carol.id]})
    assert code(opened) == "forbidden"
    assert code(add(world.alice, crew, world.carol)) == "forbidden"
    made = world.alice.api.post("/api/groups", {"name": "x", "members": [world.carol.id]})
    assert code(made) == "forbidden"
    assert len(world.alice.api.get("/api/chat").get_json()["items"]) == 2
    assert set(roles(world.alice, crew)) == {"Alice", "Bob"}


def test_in_groups_a_block_changes_nothing(world, crew):
    block(world.bob, world.alice)
    message = say(world.alice, crew["conversation_id"])
    say(world.bob, crew["conversation_id"])
    assert world.bob.api.put(f"/api/messages/{message['id']}/reactions/👍").status_code == 200


def test_the_blocked_are_not_in_the_directory(world):
    block(world.alice, world.bob)
    for viewer, hidden in ((world.alice, "Bob"), (world.bob, "Alice")):
        names = [one["name"] for one in viewer.api.get("/api/users").get_json()["items"]]
        assert hidden not in names
        assert "Carol" in names


def test_blocking_oneself_or_nobody(world):
    assert world.alice.api.post(f"/api/users/{world.alice.id}/block").status_code == 422
    nobody = "00000000-0000-4000-8000-000000000000"
    assert world.alice.api.post(f"/api/users/{nobody}/block").status_code == 404
