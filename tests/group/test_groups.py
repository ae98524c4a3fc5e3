"""Groups, blocks, edits, reactions and replies, in this process: who may what, what it makes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chatapp.chat.message_service import add_reaction
from chatapp.chat.service import mark_read
from chatapp.conversation.append import Draft, append_messages
from chatapp.conversation.audience import presence_viewers
from chatapp.conversation.changes import sync
from chatapp.core.db import atomic
from chatapp.core.events import ClientEvent
from chatapp.group.service import create_group
from chatapp.models import User
from tests.support.concurrent import Beside
from tests.support.groups import Json, add, block, chat, code, make, promote, remove, roles, say
from tests.support.world import Person, World, register

pytestmark = pytest.mark.database


@pytest.fixture
def heard(app) -> Iterator[list[ClientEvent]]:
    """What is announced from here on."""
    events: list[ClientEvent] = []
    end = app.extensions["events"].subscribe(events.append)
    yield events
    end()


@pytest.fixture
def crew(world: World) -> Json:
    """Alice's group with Bob in it."""
    return make(world.alice, world.bob)


@pytest.fixture
def more(app) -> Callable[[int], list[Person]]:
    return lambda count: [register(app, f"person{n}") for n in range(count)]


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


# -- edit, delete, reply, react


def test_edit_is_the_authors(world, heard):
    message = world.messages[0]
    path = f"/api/messages/{message['id']}"
    version = chat(world.alice, world.conversation_id)["version"]
    edited = world.alice.api.patch(path, {"content": "changed"}).get_json()
    assert (edited["content"], edited["seq"], edited["version"]) == ("changed", 1, version + 1)
    assert edited["edited_at"]
    assert code(world.bob.api.patch(path, {"content": "mine"})) == "forbidden"
    heard.clear()
    again = world.alice.api.patch(path, {"content": "changed"})
    assert (again.status_code, again.get_json()) == (200, edited)
    assert heard == []
    assert world.alice.api.patch(path, {"content": " "}).status_code == 422
    assert world.alice.api.patch(path, {"content": "x" * 10_001}).status_code == 422


def test_a_file_stays_an_address_when_it_is_edited(world, heard):
    path = f"/api/chat/{world.conversation_id}/messages"
    file = {"content": "https://example.org/a.png", "type": "image"}
    message = world.alice.api.post(path, file).get_json()
    heard.clear()
    path = f"/api/messages/{message['id']}"
    for bad in ("javascript:alert(1)", "just words"):
        answer = world.alice.api.patch(path, {"content": bad})
        assert (answer.status_code, set(answer.get_json()["error"]["fields"])) == (422, {"content"})
    assert heard == []
    edited = world.alice.api.patch(path, {"content": "https://example.org/b.png"}).get_json()
    assert edited["content"] == "https://example.org/b.png"


def test_a_deleted_messages_content_is_nowhere(app, world, heard):
    from chatapp.core.db import db
    from chatapp.models import Message

    message = say(world.alice, world.conversation_id, "regretted")
    path = f"/api/messages/{message['id']}"
    world.bob.api.put(f"{path}/reactions/👍")
    heard.clear()
    assert code(world.bob.api.delete(path)) == "forbidden"
    assert world.alice.api.delete(path).status_code == 204
    assert world.alice.api.delete(path).status_code == 204, "a second time changes nothing"
    assert [event.name for event in heard] == ["message:deleted"]
    gone = world.bob.api.get(path).get_json()
    assert (gone["content"], gone["media"], gone["reactions"]) == (None, None, [])
    assert gone["content_html"] is None
    assert gone["deleted_at"]
    assert heard[0].payload["content"] is None
    for answer in (
        world.bob.api.get(f"/api/chat/{world.conversation_id}/messages"),
        world.bob.api.get(f"/api/chat/{world.conversation_id}/changes"),
        world.bob.api.get("/api/chat"),
        world.bob.client.get(f"/chats/{world.conversation_id}"),
    ):
        assert "regretted" not in answer.text
    with app.app_context():
        assert db.session.get(Message, message["id"]).content is None
    assert code(world.alice.api.patch(path, {"content": "x"})) == "conflict"
    assert code(world.alice.api.put(f"{path}/reactions/👍")) == "conflict"


def test_owners_and_admins_delete_anyones_message_and_edit_none(world, crew):
    message = say(world.bob, crew["conversation_id"])
    path = f"/api/messages/{message['id']}"
    assert code(world.alice.api.patch(path, {"content": "x"})) == "forbidden"
    assert world.alice.api.delete(path).status_code == 204
    system = world.alice.api.get(f"/api/chat/{crew['conversation_id']}/messages").get_json()
    said = f"/api/messages/{system['items'][0]['id']}"
    assert code(world.alice.api.patch(said, {"content": "x"})) == "forbidden"


def test_replies(world, crew):
    first = world.messages[0]
    reply = say(world.bob, world.conversation_id, "re", reply_to=first["id"])
    assert reply["reply_to"] == first["id"]
    elsewhere = {"content": "re", "reply_to": first["id"]}
    answer = world.alice.api.post(f"/api/chat/{crew['conversation_id']}/messages", elsewhere)
    assert (answer.status_code, code(answer)) == (422, "validation_failed")


def test_reactions_one_per_person_and_emoji(world, heard):
    path = f"/api/messages/{world.messages[0]['id']}/reactions"
    first = world.bob.api.put(f"{path}/👍").get_json()
    assert first["reactions"] == [{"emoji": "👍", "count": 1, "user_ids": [world.bob.id]}]
    heard.clear()
    assert world.bob.api.put(f"{path}/👍").get_json() == first
    assert heard == []
    both = world.alice.api.put(f"{path}/👍").get_json()["reactions"]
    assert both == [{"emoji": "👍", "count": 2, "user_ids": [world.bob.id, world.alice.id]}]
    assert world.bob.api.delete(f"{path}/👍").get_json()["reactions"][0]["count"] == 1
    heard.clear()
    assert world.bob.api.delete(f"{path}/👍").status_code == 200
    assert heard == []
    for wrong in ("x", "👍👍", "%20"):
        assert world.bob.api.put(f"{path}/{wrong}").status_code == 422


@pytest.mark.slow
def test_a_message_takes_twenty_emoji(world):
    path = f"/api/messages/{world.messages[0]['id']}/reactions"
    emoji = [chr(0x1F600 + n) for n in range(21)]
    for one in emoji[:20]:
        assert world.bob.api.put(f"{path}/{one}").status_code == 200
    assert code(world.bob.api.put(f"{path}/{emoji[20]}")) == "conflict"
    joined = world.alice.api.put(f"{path}/{emoji[0]}")
    assert joined.status_code == 200, "one that stands takes more people"
    world.bob.api.delete(f"{path}/{emoji[1]}")
    assert world.bob.api.put(f"{path}/{emoji[20]}").status_code == 200


def test_read_at_is_set_once_when_the_last_has_read(world, crew, more):
    (third,) = more(1)
    add(world.alice, crew, third)
    id_ = crew["conversation_id"]
    message = say(world.alice, id_)

    def read_at() -> Any:
        return world.alice.api.get(f"/api/messages/{message['id']}").get_json()["read_at"]

    world.bob.api.post(f"/api/chat/{id_}/read", {"seq": message["seq"]})
    assert read_at() is None
    third.api.post(f"/api/chat/{id_}/read", {"seq": message["seq"]})
    first = read_at()
    assert first
    say(third, id_)
    assert read_at() == first
    assert chat(world.alice, id_)["read_by_all_seq"] == message["seq"]


@pytest.mark.slow
def test_beyond_a_hundred_members_receipts_and_presence_are_ones_own(app, world, heard):
    with app.app_context(), atomic() as work:
        guests = [User(name=f"{n}", username=f"guest{n}", email=None) for n in range(99)]
        work.add_all(guests)
        work.flush()
        people = [Person(app, user.id, user.name, user.username, "", "") for user in guests]
    crew = make(world.alice, world.bob, *people)
    id_ = crew["conversation_id"]
    message = say(world.alice, id_)
    last = people[-1]

    def read(*readers: Person) -> list[ClientEvent]:
        heard.clear()
        with app.app_context():
            for reader in readers:
                mark_read(reader.id, id_, message["seq"])
        return [event for event in heard if event.name == "message:read"]

    def read_at() -> Any:
        return world.alice.api.get(f"/api/messages/{message['id']}").get_json()["read_at"]

    events = read(world.bob, *people)
    assert [(one.conversation_id, one.to.user_ids) for one in events] == [
        (None, frozenset((reader.id,))) for reader in (world.bob, *people)
    ]
    assert read_at() is None
    api = world.alice.api
    (listed,) = [one for one in api.get("/api/chat").get_json()["items"] if one["id"] == id_]
    caught_up = api.get(f"/api/chat/{id_}/changes").get_json()["conversation"]
    for few in (listed, caught_up):
        assert few["participant_count"] == 101
        assert len(few["participants"]) == 8
        assert world.alice.id in {person["id"] for person in few["participants"]}
    assert len(chat(world.alice, id_)["participants"]) == 101
    with app.app_context():
        assert presence_viewers(world.alice.id) == {world.bob.id}, "by the conversation of the two"

    assert remove(world.alice, crew, last).status_code == 204
    message = say(world.alice, id_)
    (event,) = read(world.bob)
    assert event.conversation_id == id_
    read(*people[:-1])
    assert read_at()
    caught_up = api.get(f"/api/chat/{id_}/changes").get_json()["conversation"]
    assert len(caught_up["participants"]) == 100
    with app.app_context():
        assert presence_viewers(world.alice.id) == {world.bob.id, *(one.id for one in people[:-1])}


def test_who_leaves_is_waited_for_no_more(world, crew, more):
    (third,) = more(1)
    add(world.alice, crew, third)
    message = say(world.alice, crew["conversation_id"])
    world.bob.api.post(f"/api/chat/{crew['conversation_id']}/read", {"seq": message["seq"]})
    remove(third, crew, third)
    assert world.alice.api.get(f"/api/messages/{message['id']}").get_json()["read_at"]


# -- deleted accounts


def test_a_deleted_account(world, crew, app):
    promote(world.alice, crew, world.bob, "admin")
    mine = world.messages[1]
    first = world.messages[0]["id"]
    assert world.bob.api.put(f"/api/messages/{first}/reactions/🎉").status_code == 200
    wrong = world.alice.api.delete("/api/users/me", {"password": "wrong password"})
    assert code(wrong) == "forbidden"
    gone = world.alice.api.delete("/api/users/me", {"password": world.alice.password})
    assert gone.status_code == 204, gone.text
    assert world.alice.api.get("/api/users/me").status_code == 401
    assert roles(world.bob, crew) == {"Bob": "owner"}, "groups are left, and handed over"
    direct = chat(world.bob, world.conversation_id)
    assert direct["name"] == "Deleted user"
    path = f"/api/chat/{world.conversation_id}/messages"
    items = world.bob.api.get(path).get_json()["items"]
    assert items[0]["sender"]["name"] == "Deleted user"
    assert items[0]["content"] == "Hello Bob"
    assert code(world.bob.api.post(path, {"content": "x"})) == "conflict"
    assert code(world.bob.api.patch(f"/api/messages/{mine['id']}", {"content": "x"})) == "conflict"
    assert code(world.bob.api.put(f"/api/messages/{items[0]['id']}/reactions/👍")) == "conflict"
    assert code(world.bob.api.delete(f"/api/messages/{mine['id']}")) == "conflict"
    taken_back = f"/api/messages/{items[0]['id']}/reactions/🎉"
    assert code(world.bob.api.delete(taken_back)) == "conflict"
    assert world.bob.api.delete(f"/api/messages/{items[0]['id']}/reactions/👀").status_code == 200
    page = world.bob.client.page(f"/chats/{world.conversation_id}").html
    assert "This account was deleted" in page
    assert "@deleted." not in page
    assert world.bob.api.get(f"/api/users/{world.alice.id}").status_code == 404
    again = register(app, "Alice")
    assert again.id != world.alice.id, "name and address are free again"


# -- how many statements


def counted(statements, *calls: Callable[[], Any]) -> list[int]:
    counts = []
    for call in calls:
        with statements() as texts:
            answer = call()
        assert answer.status_code < 300, answer.text
        counts.append(len(texts))
    return counts


@pytest.mark.slow
def test_opening_and_sending_take_as_many_statements_in_a_large_group(app, world, more, statements):
    small, large = make(world.alice, world.bob), make(world.alice, *more(12))
    with app.app_context(), atomic():
        drafts = [Draft(large["conversation_id"], world.alice.id, f"{n}") for n in range(45)]
        for stored in append_messages(drafts):
            add_reaction(world.alice.id, stored.message["id"], "👍")
    say(world.alice, small["conversation_id"])
    world.alice.client.get("/chats")

    def calls(group: Json) -> list[Callable[[], Any]]:
        id_ = group["conversation_id"]
        return [
            lambda: world.alice.api.get(f"/api/chat/{id_}"),
            lambda: world.alice.api.get(f"/api/chat/{id_}/messages"),
            lambda: world.alice.api.get(f"/api/chat/{id_}/changes"),
            lambda: world.alice.api.get(f"/api/groups/{group['id']}"),
            lambda: world.alice.api.post(f"/api/chat/{id_}/messages", {"content": "x"}),
            lambda: world.alice.client.get(f"/chats/{id_}"),
        ]

    assert counted(statements, *calls(large)) == counted(statements, *calls(small))


@pytest.mark.slow
def test_listing_fifty_conversations_takes_as_many_statements_as_two(app, world, crew, statements):
    def lists() -> list[int]:
        return counted(
            statements,
            lambda: world.alice.api.get("/api/chat", limit=50),
            lambda: world.alice.api.get("/api/groups", limit=50),
            lambda: world.alice.client.get("/chats"),
        )

    world.alice.client.get("/chats")
    few = lists()
    with app.app_context(), atomic():
        for n in range(48):
            create_group(world.alice.id, name=f"group {n}", member_ids=[world.bob.id])
    assert len(world.alice.api.get("/api/chat", limit=50).get_json()["items"]) == 50
    assert lists() == few


def test_adding_fifty_takes_as_many_statements_as_one(app, world, statements):
    with app.app_context(), atomic() as work:
        users = [User(name=f"{n}", username=f"guest{n}", email=None) for n in range(51)]
        work.add_all(users)
        work.flush()
        people = [Person(app, user.id, user.name, user.username, "", "") for user in users]
    small, large = make(world.alice), make(world.alice)
    (few,) = counted(statements, lambda: add(world.alice, small, people[0]))
    (many,) = counted(statements, lambda: add(world.alice, large, *people[1:]))
    assert many == few
