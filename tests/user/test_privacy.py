"""What people hide of themselves: when they were last here, and what they read. Both ways round."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import flask
import pytest

from tests.support.switchboard import GRACE, Line, Switchboard, switchboard
from tests.support.world import Person, World, register

pytestmark = pytest.mark.database

Json = dict[str, Any]


def hides(person: Person, **what: bool) -> None:
    answer = person.api.patch("/api/users/me", what)
    assert answer.status_code == 200, answer.text


def says(person: Person, conversation_id: int, text: str = "…") -> Json:
    sent = person.api.post(f"/api/chat/{conversation_id}/messages", {"content": text})
    assert sent.status_code == 201, sent.text
    return sent.get_json()


def reads(person: Person, conversation_id: int, seq: int = 999) -> None:
    assert person.api.post(f"/api/chat/{conversation_id}/read", {"seq": seq}).status_code == 204


def group(*people: Person) -> int:
    body = {"name": "Crew", "members": [person.id for person in people[1:]]}
    made = people[0].api.post("/api/groups", body)
    assert made.status_code == 201, made.text
    id_: int = made.get_json()["conversation_id"]
    return id_


def conversation(person: Person, conversation_id: int) -> Json:
    return person.api.get(f"/api/chat/{conversation_id}").get_json()


def pointers(person: Person, conversation_id: int) -> dict[str, int]:
    """How far everybody has read, as this person is told; by name."""
    found = conversation(person, conversation_id)
    shown = {one["name"]: one["last_read_seq"] for one in found["participants"]}
    assert found["read_by_all_seq"] == min(shown.values())
    assert found["last_read_seq"] == shown[person.name]
    assert found["unread_count"] == found["last_seq"] - shown[person.name]
    return shown


def read_seqs(person: Person, conversation_id: int) -> list[int]:
    """Of which messages this person is told that they were read, over every door alike."""
    page = person.api.get(f"/api/chat/{conversation_id}/messages").get_json()["items"]
    found = [message["seq"] for message in page if message["read_at"]]
    changes = person.api.get(f"/api/chat/{conversation_id}/changes", after_version=0).get_json()
    assert [one["seq"] for one in changes["messages"] if one["read_at"]] == sorted(found)
    for message in page:
        alone = person.api.get(f"/api/messages/{message['id']}").get_json()
        assert alone["read_at"] == message["read_at"]
    for answer in (changes["conversation"], conversation(person, conversation_id)):
        last = answer["last_message"]
        assert bool(last["read_at"]) == (last["seq"] in found)
    listed = person.api.get("/api/chat").get_json()["items"]
    (last,) = [one["last_message"] for one in listed if one["id"] == conversation_id]
    assert bool(last["read_at"]) == (last["seq"] in found)
    return found


@pytest.fixture
def board(app: flask.Flask) -> Iterator[Switchboard]:
    with switchboard(app) as board:
        yield board


def line(board: Switchboard, person: Person) -> Line:
    opened = Line(board, person)
    opened.inbox.clear()
    return opened


def heard(lines: dict[str, Line], event: str) -> dict[str, list[Json]]:
    """What each heard of this event since the last time, by name."""
    found = {
        name: [payload for what, payload in one.inbox if what == event]
        for name, one in lines.items()
    }
    for one in lines.values():
        one.inbox.clear()
    return {name: payloads for name, payloads in found.items() if payloads}


# --- last seen


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


# --- what was read, one-to-one


@pytest.mark.slow
def test_hidden_reading_is_not_shown(world: World):
    alice, bob, id_ = world.alice, world.bob, world.conversation_id
    reads(bob, id_)
    reads(alice, id_)
    before = pointers(alice, id_)
    assert before == {"Alice": 3, "Bob": 3}
    hides(bob, hide_read_receipts=True)
    says(alice, id_)
    reads(bob, id_)

    assert conversation(bob, id_)["unread_count"] == 0
    assert pointers(alice, id_) == {"Alice": 4, "Bob": 3}  # what was known stays
    assert read_seqs(alice, id_) == [1, 2, 3]
    assert pointers(bob, id_) == {"Alice": 0, "Bob": 4}
    assert read_seqs(bob, id_) == []

    says(bob, id_)  # nor does an answer tell
    reads(alice, id_)
    assert pointers(alice, id_) == {"Alice": 5, "Bob": 3}
    assert read_seqs(alice, id_) == [1, 2, 3]
    assert pointers(bob, id_) == {"Alice": 0, "Bob": 5}


@pytest.mark.slow
def test_showing_receipts_again_applies_to_the_next_reading(world: World):
    alice, bob, id_ = world.alice, world.bob, world.conversation_id
    hides(bob, hide_read_receipts=True)
    reads(bob, id_)
    reads(alice, id_)
    hides(bob, hide_read_receipts=False)
    assert pointers(alice, id_)["Bob"] == 2  # by their own message, before
    assert pointers(bob, id_) == {"Alice": 3, "Bob": 3}
    assert read_seqs(bob, id_) == read_seqs(alice, id_) == [1, 2]
    reads(bob, id_)
    assert pointers(alice, id_) == {"Alice": 3, "Bob": 3}
    assert read_seqs(bob, id_) == read_seqs(alice, id_) == [1, 2, 3]


@pytest.mark.slow
def test_reading_hidden_by_both_appears_when_both_show_it(world: World):
    alice, bob, id_ = world.alice, world.bob, world.conversation_id
    for person in (alice, bob):
        hides(person, hide_read_receipts=True)
        reads(person, id_)
    hides(alice, hide_read_receipts=False)
    reads(alice, id_)
    assert read_seqs(alice, id_) == [1, 2]  # as was known before
    assert pointers(alice, id_) == {"Alice": 3, "Bob": 2}
    hides(bob, hide_read_receipts=False)
    reads(bob, id_)
    assert read_seqs(alice, id_) == read_seqs(bob, id_) == [1, 2, 3]


def test_hiding_twice_changes_nothing(world: World):
    alice, bob, id_ = world.alice, world.bob, world.conversation_id
    hides(bob, hide_read_receipts=True)
    reads(bob, id_)
    hides(bob, hide_read_receipts=True, notify="none")
    assert pointers(alice, id_)["Bob"] == 2
    hides(alice, hide_read_receipts=False)
    assert pointers(alice, id_)["Bob"] == 2


# --- in groups


@pytest.fixture
def crew(app: flask.Flask, world: World) -> tuple[Person, Person, Person, Person, int]:
    """Alice, Bob, Carol and Dave in a group."""
    dave = register(app, "Dave")
    id_ = group(world.alice, world.bob, world.carol, dave)
    return world.alice, world.bob, world.carol, dave, id_


@pytest.mark.slow
def test_hidden_readers_do_not_delay_read_at(crew):
    alice, bob, carol, dave, id_ = crew
    hides(dave, hide_read_receipts=True)
    seq = says(alice, id_)["seq"]
    of_dave = says(dave, id_)["seq"]
    reads(bob, id_)
    assert seq not in read_seqs(alice, id_)
    reads(carol, id_)
    assert seq in read_seqs(alice, id_)
    assert of_dave not in read_seqs(bob, id_)  # Alice has not read it
    reads(alice, id_)
    assert of_dave in read_seqs(bob, id_)
    assert read_seqs(dave, id_) == []
    shown = pointers(alice, id_)
    assert shown["Dave"] < seq
    assert (shown["Bob"], shown["Carol"]) == (of_dave, of_dave)
    assert pointers(dave, id_) == {"Alice": 0, "Bob": 0, "Carol": 0, "Dave": of_dave}


@pytest.mark.slow
def test_hiding_receipts_stops_others_waiting_for_you(crew):
    alice, bob, carol, dave, id_ = crew
    seq = says(alice, id_)["seq"]
    for person in (bob, carol):
        reads(person, id_)
    assert seq not in read_seqs(alice, id_)
    hides(dave, hide_read_receipts=True)
    assert seq in read_seqs(alice, id_)
    hides(dave, hide_read_receipts=False)
    assert seq in read_seqs(alice, id_)  # once is for good
    later = says(alice, id_)["seq"]
    for person in (bob, carol):
        reads(person, id_)
    assert later not in read_seqs(alice, id_)
    reads(dave, id_)
    assert later in read_seqs(alice, id_)


def test_nothing_counts_as_read_if_all_others_hide_it(crew):
    alice, bob, carol, dave, id_ = crew
    for person in (bob, carol, dave):
        hides(person, hide_read_receipts=True)
    seq = says(alice, id_)["seq"]
    of_bob = says(bob, id_)["seq"]
    for person in (bob, carol, dave, alice):
        reads(person, id_)
    assert not {seq, of_bob} & set(read_seqs(alice, id_))


def test_group_changes_do_not_reveal_hidden_reading(crew):
    alice, bob, _, _, id_ = crew
    hides(alice, hide_read_receipts=True)
    says(bob, id_)
    reads(alice, id_)
    before = pointers(bob, id_)["Alice"]
    (found,) = alice.api.get("/api/groups").get_json()["items"]
    assert alice.api.patch(f"/api/groups/{found['id']}", {"name": "Gang"}).status_code == 200
    assert pointers(bob, id_)["Alice"] == before
    assert conversation(alice, id_)["unread_count"] == 0


# --- events


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


def test_switching_receipts_affects_connected_clients_at_once(crew, board: Switchboard):
    alice, bob, _, dave, id_ = crew
    lines = {one.name: line(board, one) for one in (alice, dave)}
    says(alice, id_)
    hides(dave, hide_read_receipts=True)
    reads(bob, id_)
    assert set(heard(lines, "message:read")) == {"Alice"}
    hides(dave, hide_read_receipts=False)
    says(alice, id_)
    reads(bob, id_)
    assert set(heard(lines, "message:read")) == {"Alice", "Dave"}


def test_a_receipts_switch_in_another_process_is_noticed(
    crew, app: flask.Flask, board: Switchboard
):
    from sqlalchemy import update

    from chatapp.core.db import db
    from chatapp.models import User

    alice, bob, _, dave, id_ = crew
    lines = {one.name: line(board, one) for one in (alice, dave)}
    with app.app_context():
        db.session.execute(update(User).where(User.id == dave.id).values(hide_read_receipts=True))
        db.session.commit()
    app.extensions["hub"].receipts.refresh()
    says(alice, id_)
    reads(bob, id_)
    assert set(heard(lines, "message:read")) == {"Alice"}


# --- pages


def test_the_privacy_form_hides_what_is_checked(world: World):
    client, switches = world.alice.client, ("hide_last_seen", "hide_read_receipts")

    def account() -> list[bool]:
        found = world.alice.api.get("/api/users/me").get_json()
        return [found[name] for name in switches]

    def ticked() -> int:
        return client.get("/settings/privacy").text.count(" checked")

    assert (account(), ticked()) == ([False, False], 0)
    answer = client.submit("/settings/privacy", hide_read_receipts="true")
    assert answer.headers["Location"] == "/settings/privacy"
    assert "Saved." in client.get("/settings/privacy").text
    assert (account(), ticked()) == ([False, True], 1)
    client.submit("/settings/privacy", **dict.fromkeys(switches, "true"))
    assert (account(), ticked()) == ([True, True], 2)
    token = client.page("/settings/privacy").form("/settings/privacy").fields["csrf_token"]
    client.post("/settings/privacy", data={"csrf_token": token})
    assert (account(), ticked()) == ([False, False], 0)


def test_pages_show_no_receipts_to_people_who_hide_theirs(crew):
    alice, bob, carol, dave, id_ = crew
    says(alice, id_)
    says(dave, id_)
    for person in (alice, bob, carol, dave):
        reads(person, id_)
    page = alice.client.get(f"/chats/{id_}").text
    assert "Seen by" in page
    assert 'data-state="read"' in page
    hides(alice, hide_read_receipts=True)
    page = alice.client.get(f"/chats/{id_}").text
    assert "Seen by" not in page
    assert 'data-state="read"' not in page
    says(bob, id_)
    assert "Seen by" in dave.client.get(f"/chats/{id_}").text
    assert "Alice" not in _seen_by(carol.client.get(f"/chats/{id_}").text)


def _seen_by(page: str) -> str:
    """The words below the newest message."""
    return page.rpartition('<p class="message__seen">')[2].partition("</p>")[0]
