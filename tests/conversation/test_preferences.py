"""Mute, level, pin and archive over REST."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import update

from chatapp.conversation.preferences import FOREVER
from chatapp.core.clock import iso
from chatapp.core.db import atomic, now, uuid7
from chatapp.models import Conversation, Group, Message, Participant, User
from tests.support.messages import say
from tests.support.preferences import NONE, let_pass, own
from tests.support.world import register

pytestmark = pytest.mark.database


@contextmanager
def heard(app):
    """The announcements of preferences meanwhile."""
    events: list = []
    end = app.extensions["events"].subscribe(
        lambda one: events.append(one) if one.name.startswith("preferences") else None
    )
    try:
        yield events
    finally:
        end()


def listed(person, **query) -> list[int]:
    answer = person.api.get("/api/chat", **query)
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.get_json()["items"]]


def test_each_sets_their_own_and_is_told_alone(app, world, path):
    until = iso(now() + timedelta(hours=8))
    with heard(app) as events:
        answer = world.alice.api.patch(path, {"notify": "mentions", "muted_until": until})
        assert answer.status_code == 200
        said = {**NONE, "notify": "mentions", "muted_until": until}
        assert answer.get_json() == {"conversation_id": world.conversation_id, **said}
        assert world.alice.api.patch(path, {"pinned": True}).get_json()["pinned_at"]
        again = world.alice.api.patch(path, {"pinned": True, "notify": "mentions"})
        assert again.get_json()["muted_until"] == until, "what isn't given stays"
    assert [one.payload for one in events] == [answer.get_json(), again.get_json()], "no repeats"
    assert {one.to.user_ids for one in events} == {frozenset((world.alice.id,))}
    assert all(one.conversation_id is None for one in events)
    assert own(world.alice, world.conversation_id)["notify"] == "mentions"
    assert own(world.bob, world.conversation_id) == NONE
    back = {"notify": None, "muted_until": None, "pinned": False}
    assert world.alice.api.patch(path, back).status_code == 200
    assert own(world.alice, world.conversation_id) == NONE


def test_it_is_no_version_and_stands_in_no_event(app, world, path):
    before = world.bob.api.get(f"/api/chat/{world.conversation_id}").get_json()
    world.alice.api.patch(path, {"pinned": True, "archived": True, "notify": "none"})
    assert world.bob.api.get(f"/api/chat/{world.conversation_id}").get_json() == before
    events: list = []
    end = app.extensions["events"].subscribe(lambda one: events.append(one.payload))
    world.alice.api.post("/api/groups", {"name": "Crew", "members": [world.bob.id]})
    end()
    assert events
    assert not any(set(NONE) & set(payload) for payload in events)


@pytest.mark.parametrize(
    "body",
    [
        {"notify": "some"},
        {"notify": 1},
        {"pinned": "yes"},
        {"pinned": None},
        {"archived": 1},
        {"muted_until": "tomorrow"},
        {"muted_until": 5},
        {"muted_until": "0001-01-01T00:00:00+23:00"},
        {"muted_until": True},
    ],
)
def test_what_is_no_preference(world, path, body):
    answer = world.alice.api.patch(path, body)
    assert answer.status_code == 422, answer.text
    assert list(answer.get_json()["error"]["fields"]) == list(body)
    assert own(world.alice, world.conversation_id) == NONE


def test_a_mute_ends_by_itself_and_may_last(app, world, path):
    far = world.alice.api.patch(path, {"muted_until": "9999-12-31T23:59:59-12:00"}).get_json()
    assert far["muted_until"] == "9999-01-01T00:00:00.000Z"
    let_pass(app, world, seconds=1)
    assert own(world.alice, world.conversation_id) == NONE
    past = world.alice.api.patch(path, {"muted_until": "2020-01-01T00:00:00Z"})
    assert past.get_json()["muted_until"] is None


@pytest.mark.slow
def test_archived_leaves_the_list_until_somebody_writes(world, path):
    id_ = world.conversation_id
    assert world.alice.api.patch(path, {"archived": True}).get_json()["archived_at"]
    assert (listed(world.alice), listed(world.alice, filter="archived")) == ([], [id_])
    assert listed(world.bob) == [id_]
    say(world.bob, id_, "back")
    assert own(world.alice, id_) == NONE
    assert (listed(world.alice), listed(world.alice, filter="archived")) == ([id_], [])

    for _ in range(20):  # within the millisecond of a message too
        say(world.bob, id_, "again")
        world.alice.api.patch(path, {"archived": True})
        assert listed(world.alice) == []
        say(world.bob, id_, "and again")
        assert listed(world.alice) == [id_]
    world.alice.api.patch(path, {"archived": True})
    assert world.alice.api.patch(path, {"archived": False}).get_json()["archived_at"] is None
    assert listed(world.alice) == [id_]


@pytest.mark.parametrize("quiet", [{"muted_until": "9999-01-01T00:00:00Z"}, {"notify": "none"}])
def test_archived_and_muted_stays_away(world, path, quiet):
    id_ = world.conversation_id
    world.alice.api.patch(path, {"archived": True, **quiet})
    say(world.bob, id_, "hello?")
    assert (listed(world.alice), listed(world.alice, filter="archived")) == ([], [id_])
    world.alice.api.patch(path, dict.fromkeys(quiet))
    assert listed(world.alice) == [id_], "what was said meanwhile brings it back then"


def test_leaving_and_returning_clears_them(world):
    made = world.alice.api.post("/api/groups", {"name": "Crew", "members": [world.bob.id]})
    group = made.get_json()
    id_ = group["conversation_id"]
    everything = {"notify": "none", "muted_until": "9999-01-01T00:00:00Z"}
    everything |= {"pinned": True, "archived": True}
    set_ = world.bob.api.patch(f"/api/chat/{id_}/preferences", everything).get_json()
    assert all(set_.values())
    world.bob.api.delete(f"/api/groups/{group['id']}/members/{world.bob.id}")
    assert world.bob.api.patch(f"/api/chat/{id_}/preferences", {}).status_code == 404
    world.alice.api.post(f"/api/groups/{group['id']}/members", {"user_ids": [world.bob.id]})
    assert own(world.bob, id_) == NONE


@pytest.mark.slow
def test_filters_and_names(app, world):
    direct, api = world.conversation_id, world.alice.api
    unal = register(app, "Unal")
    group = api.post("/api/groups", {"name": "Über Crew", "members": [unal.id]}).get_json()
    crew = group["conversation_id"]
    other = api.post("/api/chat", {"participant_ids": [unal.id]}).get_json()["id"]
    api.patch(f"/api/chat/{other}/preferences", {"archived": True})
    api.post(f"/api/chat/{direct}/read", {"seq": 99})
    say(unal, crew, "unread")
    assert listed(world.alice) == [crew, direct]
    assert listed(world.alice, filter="unread") == [crew]
    assert listed(world.alice, filter="groups") == [crew]
    assert listed(world.alice, filter="people") == [direct]
    assert listed(world.alice, filter="archived") == [other]
    assert listed(world.alice, q="BOB") == [direct]
    assert listed(world.alice, q="über") == [crew]
    assert listed(world.alice, q="unal") == [], "a group isn't called by its members' names"
    assert listed(world.alice, q="unal", filter="archived") == [other]
    assert listed(world.alice, q="alice") == [], "one's own name is in all of them"
    assert listed(world.alice, q="%") == []
    assert api.get("/api/chat", filter="some").status_code == 422
    page = world.alice.client.page("/chats?filter=unread")
    assert f'href="/chats/{crew}?filter=unread#new"' in page.html
    assert f'href="/chats/{direct}' not in page.html
    assert "No results for “nobody”" in world.alice.client.page("/chats?q=nobody").text
    assert f'data-conversation="{crew}"' in world.alice.client.page("/chats?q=über").html


@pytest.mark.slow
def test_pages_hold_each_once_whatever_is_pinned(app, world):
    made = [world.conversation_id]
    for number in range(11):
        other = register(app, f"person{number}")
        opened = world.alice.api.post("/api/chat", {"participant_ids": [other.id]}).get_json()
        made.append(opened["id"])
    for id_ in (made[2], made[7], made[5]):
        world.alice.api.patch(f"/api/chat/{id_}/preferences", {"pinned": True})
    say(world.alice, made[0], "latest")
    say(world.alice, made[2], "latest of those pinned")
    with app.app_context(), atomic() as work:  # all of one moment: the ids decide
        work.execute(update(Participant).values(last_read_seq=0))
    wanted = [made[2], made[7], made[5], made[0]]
    wanted += [id_ for id_ in made[::-1] if id_ not in wanted]
    for limit in (1, 2, 3, 5, 50):
        found, cursor = [], ""
        while cursor is not None:
            body = world.alice.api.get("/api/chat", limit=limit, cursor=cursor).get_json()
            found += [one["id"] for one in body["items"]]
            cursor = body["next_cursor"]
        assert found == wanted, limit
    bad = world.alice.api.get("/api/chat", cursor="WzEsMl0")
    assert bad.status_code == 422


def many_conversations(app, person, number: int) -> None:
    """So many of each kind: one-to-one or group, unread or read, archived or not, muted or not."""
    with app.app_context(), atomic() as work:
        for n in range(number):
            key = f"n{uuid7().replace('-', '')[:20]}-{n}"
            other = User(name=f"Person {n}", username=key, email=f"{key}@example.org")
            work.add(other)
            work.flush()
            pair = ":".join(sorted((person.id, other.id)))
            kind = {"kind": "direct", "direct_key": pair} if n % 2 else {"kind": "group"}
            conversation = Conversation(name=f"Group {n}", last_seq=1, version=2, **kind)
            work.add(conversation)
            work.flush()
            member = {"conversation_id": conversation.id, "last_read_seq": n // 2 % 2}
            away = {"archived_at": FOREVER} if n % 3 == 0 else {}
            away |= {"muted_until": FOREVER} if n % 5 == 0 else {}
            away |= {"pinned_at": FOREVER} if n % 7 == 0 else {}
            work.add(Participant(user_id=person.id, **member, **away))
            work.add(Participant(user_id=other.id, **member))
            if n % 2 == 0:
                work.add(Group(conversation_id=conversation.id, created_by=person.id))
            said = {"conversation_id": conversation.id, "seq": 1, "version": 2}
            work.add(Message(sender_id=other.id, content="hello", **said))


@pytest.mark.slow
def test_five_hundred_take_as_many_statements_as_ten(app, world, statements):
    client, api = world.alice.client, world.alice.api
    names = ("all", "unread", "groups", "people", "archived")
    client.get("/chats")  # signs in

    def all_lists() -> list[int]:
        counted = []
        for name in names:
            for path in (f"/chats?filter={name}", f"/chats/sidebar?filter={name}&q=o"):
                with statements() as texts:
                    page = client.get(path)
                assert "data-conversation" in page.text, path
                counted.append(len(texts))
            with statements() as texts:
                assert api.get("/api/chat", filter=name, q="o").get_json()["items"], name
            counted.append(len(texts))
        with statements() as texts:
            assert client.get(f"/chats/{world.conversation_id}?filter=unread").status_code == 200
        return [*counted, len(texts)]

    many_conversations(app, world.alice, 10)
    few = all_lists()
    many_conversations(app, world.alice, 490)
    assert all_lists() == few
