"""Groups in this process: members, roles, names, deletion."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from chatapp.conversation.changes import sync
from tests.support.concurrent import Beside
from tests.support.groups import Json, add, chat, code, make, promote, remove, roles, say
from tests.support.world import Person

pytestmark = pytest.mark.database


# -- groups
def test_who_makes_a_group_owns_it(world, crew):
    assert roles(world.bob, crew) == {"Alice": "owner", "Bob": "member"}
    assert crew["created_by"] == world.alice.id
    assert [one["id"] for one in world.bob.api.get("/api/groups").get_json()["items"]] == [
        crew["id"]
    ]
    assert world.carol.api.get("/api/groups").get_json()["items"] == []
    found = chat(world.bob, crew["conversation_id"])
    assert (found["kind"], found["name"], found["group_id"]) == ("group", "Crew", crew["id"])
    assert found["version"] == 2, "it was made, and says so"
    assert found["last_message"]["type"] == "system"


def test_a_group_of_unknown_people_isnt_made(world, heard):
    nobody = "00000000-0000-4000-8000-000000000000"
    answer = world.alice.api.post("/api/groups", {"name": "x", "members": [world.bob.id, nobody]})
    assert (answer.status_code, code(answer)) == (422, "validation_failed")
    assert world.alice.api.get("/api/groups").get_json()["items"] == []
    assert heard == []


def test_several_people_without_a_name_are_named_after_their_members(world):
    answer = world.alice.api.post("/api/chat", {"participant_ids": [world.bob.id, world.carol.id]})
    assert answer.status_code == 201
    assert answer.get_json()["name"] == "Alice, Bob, Carol"
    assert answer.get_json()["kind"] == "group"


def test_adding_five_is_one_change_and_one_system_message(world, crew, more, heard):
    id_, people = crew["conversation_id"], more(5)
    before = chat(world.alice, id_)
    assert add(world.alice, crew, *people).status_code == 200
    after = chat(world.bob, id_)
    assert after["version"] == before["version"] + 2
    assert after["last_seq"] == before["last_seq"] + 1
    assert after["membership_version"] == before["version"] + 1
    told = [(event.name, event.version) for event in heard if event.version]
    assert told == [
        ("conversation:updated", before["version"] + 1),
        ("message:received", before["version"] + 2),
    ]
    assert heard[0].to.joined == {person.id for person in people}
    newcomers = chat(people[0], id_)
    assert newcomers["last_read_seq"] == before["last_seq"], "it starts at the end"
    history = people[0].api.get(f"/api/chat/{id_}/messages").get_json()["items"]
    assert [message["seq"] for message in history] == [1, 2], "and sees the whole history"


def test_adding_twice_changes_nothing(world, crew, heard):
    before = chat(world.alice, crew["conversation_id"])
    promote(world.alice, crew, world.bob, "admin")
    version = chat(world.alice, crew["conversation_id"])["version"]
    heard.clear()
    assert add(world.alice, crew, world.bob, world.bob).status_code == 200
    assert chat(world.alice, crew["conversation_id"])["version"] == version > before["version"]
    assert roles(world.alice, crew)["Bob"] == "admin", "who was a member stays what they were"
    assert heard == []


@pytest.mark.slow
def test_what_takes_which_role(world, crew, more):
    admin, plain, other = more(3)
    add(world.alice, crew, admin, plain, other)
    promote(world.alice, crew, admin, "admin")
    path = f"/api/groups/{crew['id']}"
    for person, allowed in ((plain, False), (admin, True), (world.alice, True)):
        renamed = person.api.patch(path, {"description": f"by {person.name}"})
        assert renamed.status_code == (200 if allowed else 403)
        assert add(person, crew, world.carol).status_code == (200 if allowed else 403)
    for person in (plain, admin):
        assert code(promote(person, crew, other, "admin")) == "forbidden"
        assert code(person.api.delete(path)) == "forbidden"
        assert code(remove(person, crew, world.alice)) == "forbidden"
    promote(world.alice, crew, world.bob, "admin")
    assert code(remove(admin, crew, world.bob)) == "forbidden", "an admin removes plain members"
    assert code(remove(plain, crew, other)) == "forbidden"
    assert remove(admin, crew, other).status_code == 204
    assert remove(plain, crew, plain).status_code == 204, "anyone leaves"
    assert remove(world.alice, crew, admin).status_code == 204
    assert code(remove(world.alice, crew, admin)) == "not_found"
    assert set(roles(world.alice, crew)) == {"Alice", "Bob", "Carol"}


def test_several_owners_and_the_last_ones_demotion(world, crew):
    assert code(promote(world.alice, crew, world.alice, "member")) == "conflict"
    assert promote(world.alice, crew, world.bob, "owner").status_code == 200
    assert promote(world.alice, crew, world.alice, "member").status_code == 200
    assert roles(world.alice, crew) == {"Alice": "member", "Bob": "owner"}
    assert code(promote(world.alice, crew, world.bob, "member")) == "forbidden"


@pytest.mark.slow
def test_the_last_owner_hands_over_to_the_longest_standing_admin_else_member(world, crew, more):
    early, late = more(2)
    add(world.alice, crew, early)
    add(world.alice, crew, late)
    promote(world.alice, crew, late, "admin")
    promote(world.alice, crew, early, "admin")
    assert remove(world.alice, crew, world.alice).status_code == 204
    assert roles(world.bob, crew) == {"Bob": "member", "person0": "owner", "person1": "admin"}
    remove(early, crew, early)
    assert roles(world.bob, crew) == {"Bob": "member", "person1": "owner"}
    remove(late, crew, late)
    assert roles(world.bob, crew) == {"Bob": "owner"}
    assert world.alice.api.get(f"/api/groups/{crew['id']}").status_code == 404


@pytest.mark.parametrize("tries", [3, pytest.param(200, marks=pytest.mark.long)])
@pytest.mark.slow
def test_two_owners_who_leave_at_once_leave_one_behind(app, world, more, tries):
    from chatapp.group.service import remove_group_member

    people = more(2)
    for _ in range(tries):
        group = make(world.alice, world.bob, *people)
        promote(world.alice, group, world.bob, "owner")
        start = threading.Barrier(2)

        def leave(person: Person, group: Json = group, start: Any = start) -> None:
            start.wait(10)
            remove_group_member(person.id, group["id"], person.id)

        leaving = [
            Beside(app, lambda person=person, leave=leave: leave(person))
            for person in (world.alice, world.bob)
        ]
        for one in leaving:
            one.answer()
        assert sorted(roles(people[0], group).values()) == ["member", "owner"]
        found = chat(people[0], group["conversation_id"])
        messages = people[0].api.get(f"/api/chat/{found['id']}/messages").get_json()["items"]
        assert [message["seq"] for message in messages] == list(range(1, found["last_seq"] + 1))


def test_renaming_says_so_once(world, crew, heard):
    path = f"/api/groups/{crew['id']}"
    version = chat(world.alice, crew["conversation_id"])["version"]
    assert world.alice.api.patch(path, {"name": "Crew"}).status_code == 200
    assert heard == []
    assert world.alice.api.patch(path, {"name": "Band"}).get_json()["name"] == "Band"
    told = [(event.name, event.version) for event in heard if event.version]
    assert told == [("conversation:updated", version + 1), ("message:received", version + 2)]
    assert chat(world.bob, crew["conversation_id"])["name"] == "Band"
    assert world.alice.api.patch(path, {"group_picture": "javascript:x"}).status_code == 422
    assert world.alice.api.patch(path, {"name": "x" * 81}).status_code == 422


def test_null_clears_what_may_be_empty_and_a_name_may_not(world, crew, heard):
    path = f"/api/groups/{crew['id']}"
    given = {"description": "ours", "group_picture": "https://example.org/crew.png"}
    assert world.alice.api.patch(path, given).status_code == 200
    cleared = world.alice.api.patch(path, dict.fromkeys(given)).get_json()
    assert (cleared["description"], cleared["group_picture"]) == (None, None)
    heard.clear()
    for name in (None, "", " "):
        answer = world.alice.api.patch(path, {"name": name, "description": "never"})
        assert (answer.status_code, code(answer)) == (422, "validation_failed")
        assert answer.get_json()["error"]["fields"]["name"]
    stands = world.alice.api.get(path).get_json()
    assert (stands["name"], stands["description"], heard) == ("Crew", None, [])


def test_a_deleted_group_is_not_found_by_anyone(app, world, crew, heard):

    id_, message = crew["conversation_id"], say(world.bob, crew["conversation_id"])
    heard.clear()
    assert world.alice.api.delete(f"/api/groups/{crew['id']}").status_code == 204
    for person in (world.alice, world.bob):
        for path in (f"/api/groups/{crew['id']}", f"/api/chat/{id_}", f"/api/chat/{id_}/changes"):
            assert person.api.get(path).status_code == 404
        assert person.api.get(f"/api/messages/{message['id']}").status_code == 404
        assert code(person.api.post(f"/api/chat/{id_}/messages", {"content": "x"})) == "not_found"
        assert person.api.get("/api/groups").get_json()["items"] == []
        with app.app_context():
            assert sync(person.id, {id_: 1})["removed"] == [id_]
    assert [event.to.left for event in heard if event.version] == [{world.alice.id, world.bob.id}]
