"""Read receipts of groups, large ones too, and how many statements groups take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chatapp.chat.message_service import add_reaction
from chatapp.chat.service import mark_read
from chatapp.conversation.append import Draft, append_messages
from chatapp.conversation.audience import presence_viewers
from chatapp.core.db import atomic
from chatapp.core.events import ClientEvent
from chatapp.group.service import create_group
from chatapp.models import User
from tests.support.groups import Json, add, chat, code, make, promote, remove, roles, say
from tests.support.world import Person, register

pytestmark = pytest.mark.database


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
