"""Conversations over REST, in this process: what each of the three sees."""

from __future__ import annotations

import re

import pytest

from chatapp.conversation import changes
from chatapp.conversation.append import Draft, append_messages
from chatapp.conversation.changes import MAX_MESSAGES
from chatapp.core.db import atomic
from tests.support.messages import say
from tests.support.world import register

pytestmark = pytest.mark.database


def seqs(answer) -> list[int]:
    assert answer.status_code == 200, answer.text
    return [message["seq"] for message in answer.get_json()["items"]]


def test_one_conversation_per_pair_from_either_side(world):
    for one, other in ((world.alice, world.bob), (world.bob, world.alice)):
        again = one.api.post("/api/chat", {"participant_ids": [other.id, one.id, other.id]})
        assert again.status_code == 200
        assert again.get_json()["id"] == world.conversation_id


@pytest.mark.parametrize(
    "ids", [[], ["me"], ["00000000-0000-4000-8000-000000000000"], ["x"], "text", [5]]
)
def test_whom_one_cannot_talk_to(world, ids):
    ids = [world.alice.id if id_ == "me" else id_ for id_ in ids] if isinstance(ids, list) else ids
    answer = world.alice.api.post("/api/chat", {"participant_ids": ids})
    assert answer.status_code == 422
    assert world.alice.api.get("/api/chat").get_json()["items"][0]["id"] == world.conversation_id
    assert len(world.alice.api.get("/api/chat").get_json()["items"]) == 1


def test_each_sees_the_other_ones_name_and_their_own_unread(world):
    say(world.bob, world.conversation_id, "one", "two")
    (alices,) = world.alice.api.get("/api/chat").get_json()["items"]
    (bobs,) = world.bob.api.get("/api/chat").get_json()["items"]
    assert (alices["name"], bobs["name"]) == ("Bob", "Alice")
    assert (alices["unread_count"], bobs["unread_count"]) == (2, 0)
    assert alices["last_message"]["content"] == "two"
    assert alices["participant_count"] == 2
    assert {one["username"] for one in alices["participants"]} == {"alice", "bob"}
    assert alices["read_by_all_seq"] == 3
    assert not {"email", "phone_number", "is_staff"} & set(alices["participants"][0])


def test_reading_moves_the_pointer_forward_only_and_never_too_far(world):
    path = f"/api/chat/{world.conversation_id}"
    say(world.bob, world.conversation_id, "one", "two")
    for seq, expected in ((4, 4), (2, 4), (999, 5), (0, 5)):
        assert world.alice.api.post(f"{path}/read", {"seq": seq}).status_code == 204
        assert world.alice.api.get(path).get_json()["last_read_seq"] == expected
    items = world.bob.api.get(f"{path}/messages").get_json()["items"]
    assert all(message["read_at"] for message in items)
    first = items[-1]["read_at"]
    world.alice.api.post(f"{path}/read", {"seq": 5})
    assert world.bob.api.get(f"{path}/messages").get_json()["items"][-1]["read_at"] == first


@pytest.mark.slow
def test_pages_of_messages(world):
    say(world.alice, world.conversation_id, *[str(n) for n in range(4, 21)])
    path = f"/api/chat/{world.conversation_id}/messages"
    api = world.bob.api
    assert seqs(api.get(path, limit=5)) == [16, 17, 18, 19, 20]
    assert seqs(api.get(path, before=16, limit=5)) == [11, 12, 13, 14, 15]
    assert seqs(api.get(path, after=16)) == [17, 18, 19, 20]
    assert seqs(api.get(path, after=3, limit=2)) == [4, 5]
    assert seqs(api.get(path, around=10, limit=5)) == [8, 9, 10, 11, 12]
    assert seqs(api.get(path, around=1, limit=5)) == [1, 2, 3, 4, 5]
    assert seqs(api.get(path, around=20, limit=5)) == [18, 19, 20]
    assert api.get(path, limit=5).get_json()["has_more"] is True
    assert api.get(path, before=3).get_json()["has_more"] is False
    assert api.get(path, after=3, limit=2).get_json()["has_more"] is True
    around = api.get(path, around=10, limit=5).get_json()
    assert (around["has_more_before"], around["has_more_after"]) == (True, True)
    alone = api.get(path, around=10, limit=1)
    assert seqs(alone) == [10]
    assert alone.get_json()["has_more_before"] is alone.get_json()["has_more_after"] is True
    assert api.get(path, around=1, limit=1).get_json()["has_more_before"] is False
    assert api.get(path, before=2, after=1).status_code == 422
    assert api.get(path, limit=0).status_code == 422
    assert api.get(path).get_json()["version"] == 21


def test_changes_page_by_version(world):
    say(world.alice, world.conversation_id, *[str(n) for n in range(4, 11)])
    path, known, found = f"/api/chat/{world.conversation_id}/changes", 0, []
    while True:
        body = world.bob.api.get(path, after_version=known, limit=3).get_json()
        found += [message["version"] for message in body["messages"]]
        known = body["version"]
        if not body["has_more"]:
            break
    assert found == list(range(2, 12))
    assert known == body["conversation"]["version"] == 11


def test_sync_brings_what_was_missed_and_says_what_is_cut(app, world, monkeypatch):
    carols = world.alice.api.post("/api/chat", {"participant_ids": [world.carol.id]}).get_json()
    say(world.carol, carols["id"], "a", "b", "c")
    monkeypatch.setattr(changes, "MAX_MESSAGES", 4)
    with app.app_context():
        first = changes.sync(world.alice.id, {world.conversation_id: 0, carols["id"]: 0, 999: 5})
        assert first["removed"] == [999]
        by_id = {one["conversation"]["id"]: one for one in first["conversations"]}
        assert sum(len(one["messages"]) for one in by_id.values()) == 4
        cut = [one for one in by_id.values() if one["has_more"]]
        assert len(cut) == 1
        known = {id_: one["version"] for id_, one in by_id.items()}
        second = changes.sync(world.alice.id, known)
        rest = [m["content"] for one in second["conversations"] for m in one["messages"]]
        assert len(rest) == 2
        assert not any(one["has_more"] for one in second["conversations"])
        assert changes.sync(world.alice.id, {})["conversations"][0]["messages"] == []


@pytest.mark.slow
def test_an_answer_holds_so_much_text_and_then_has_more(app, world):
    """Half a million characters: fifty messages of the longest."""
    id_, path = world.conversation_id, f"/api/chat/{world.conversation_id}"
    with app.app_context(), atomic():
        append_messages([Draft(id_, world.alice.id, "x" * 10_000)] * 120)
    carols = world.alice.api.post("/api/chat", {"participant_ids": [world.carol.id]}).get_json()
    say(world.carol, carols["id"], "one", "two")

    def told(ask) -> list[tuple[int, int]]:
        """How many messages came in each answer, and up to which version of the first."""
        answers, known = [], {id_: 4, carols["id"]: 1}
        while True:
            found = ask(known)
            known.update({one["conversation"]["id"]: one["version"] for one in found})
            answers.append((sum(len(one["messages"]) for one in found), known[id_]))
            if not any(one["has_more"] for one in found):
                return answers

    def sync(known):
        with app.app_context():
            return changes.sync(world.alice.id, known)["conversations"]

    def changes_of(known):
        return [world.bob.api.get(f"{path}/changes", after_version=known[id_]).get_json()]

    assert told(sync) == [(50, 54), (50, 104), (22, 124)]
    assert told(changes_of) == [(50, 54), (50, 104), (20, 124)]
    for bound, first, last, more in (
        ({}, 74, 123, True),
        ({"before": 74}, 24, 73, True),
        ({"before": 24}, 1, 23, False),
        ({"after": 23}, 24, 73, True),
        ({"after": 103}, 104, 123, False),
    ):
        answer = world.bob.api.get(f"{path}/messages", limit=200, **bound)
        assert seqs(answer) == list(range(first, last + 1))
        assert answer.get_json()["has_more"] is more


@pytest.mark.slow
def test_sync_never_asks_again_with_a_version_it_did_not_reach(app, world, monkeypatch):
    monkeypatch.setattr(changes, "MAX_MESSAGES", 1)
    others = [register(app, f"person{n}") for n in range(3)]
    for other in others:
        opened = world.alice.api.post("/api/chat", {"participant_ids": [other.id]}).get_json()
        say(other, opened["id"], "one", "two")
    ids = [one["id"] for one in world.alice.api.get("/api/chat").get_json()["items"]]
    with app.app_context():
        known, seen = dict.fromkeys(ids, 0), []
        for _ in range(20):
            answer = changes.sync(world.alice.id, known)
            seen += [m["id"] for one in answer["conversations"] for m in one["messages"]]
            known = {one["conversation"]["id"]: one["version"] for one in answer["conversations"]}
            if not any(one["has_more"] for one in answer["conversations"]):
                break
    assert len(seen) == len(set(seen)) == 9
    assert MAX_MESSAGES == 1000


@pytest.mark.slow
def test_lists_take_as_many_statements_for_fifty_as_for_two(app, world, statements):
    def all_lists() -> None:
        world.alice.api.get("/api/chat")
        world.alice.client.get("/chats")
        with app.app_context():
            known = dict.fromkeys(range(1, 100_000), 0)
            assert all(
                one["messages"] for one in changes.sync(world.alice.id, known)["conversations"]
            )

    world.alice.client.get("/chats")  # signs in
    say(world.bob, world.conversation_id, "hi")
    with statements() as few:
        all_lists()
    for number in range(20):
        other = register(app, f"person{number}")
        opened = world.alice.api.post("/api/chat", {"participant_ids": [other.id]}).get_json()
        say(other, opened["id"], "hi")
    with statements() as many:
        all_lists()
    assert len(many) == len(few)


@pytest.mark.slow
def test_opening_a_conversation_passes_the_gate_once(world, statements):
    reply = {"content": "re", "reply_to": world.messages[0]["id"]}
    world.bob.api.post(f"/api/chat/{world.conversation_id}/messages", reply)
    path = f"/chats/{world.conversation_id}?edit=1&reply=2"
    world.alice.client.page(path)  # signs in, and reads
    with statements() as texts:
        world.alice.client.page(path)
    gates = [
        one for one in texts if re.search(r"conversations.id = [?%]", one) and "left_at" in one
    ]
    assert len(gates) == 1, "\n".join(gates)


def test_conversations_page_by_cursor_latest_first(app, world):
    made = [world.conversation_id]
    for number in range(5):
        other = register(app, f"person{number}")
        opened = world.alice.api.post("/api/chat", {"participant_ids": [other.id]}).get_json()
        made.append(opened["id"])
    say(world.bob, world.conversation_id, "latest")
    made.append(made.pop(0))
    found, cursor = [], ""
    while cursor is not None:
        body = world.alice.api.get("/api/chat", limit=2, cursor=cursor).get_json()
        found += [one["id"] for one in body["items"]]
        cursor = body["next_cursor"]
    assert found == made[::-1]


def test_people_page_by_cursor_and_search(app, world):
    for name in ("Ünal", "Ann", "100%_sure"):
        body = {
            "email": f"x{len(name)}{ord(name[0])}@example.org",
            "password": "x" * 12,
            "name": name,
        }
        assert world.alice.api.post("/api/auth/register", body).status_code == 201
    found, cursor = [], ""
    while cursor is not None:
        body = world.alice.api.get("/api/users", limit=2, cursor=cursor).get_json()
        found += [one["name"] for one in body["items"]]
        cursor = body["next_cursor"]
    assert sorted(found) == sorted(["Ünal", "Ann", "100%_sure", "Bob", "Carol"])

    def named(q: str) -> list[str]:
        return [one["name"] for one in world.alice.api.get("/api/users", q=q).get_json()["items"]]

    assert named("ünal") == ["Ünal"]
    assert named("BO") == ["Bob"]
    assert named("%") == ["100%_sure"]
    assert named("_") == ["100%_sure"]
    assert named("example.org") == []
    assert named("alice") == []
