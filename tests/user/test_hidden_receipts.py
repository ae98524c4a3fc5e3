"""People who hide what they read: both ways round."""

from __future__ import annotations

import flask
import pytest

from tests.support.privacy import (
    conversation,
    heard,
    hides,
    line,
    read_seqs,
    reads,
    says,
)
from tests.support.switchboard import Switchboard
from tests.support.world import Person, World

pytestmark = pytest.mark.database


def pointers(person: Person, conversation_id: int) -> dict[str, int]:
    """How far everybody has read, as this person is told; by name."""
    found = conversation(person, conversation_id)
    shown = {one["name"]: one["last_read_seq"] for one in found["participants"]}
    assert found["read_by_all_seq"] == min(shown.values())
    assert found["last_read_seq"] == shown[person.name]
    assert found["unread_count"] == found["last_seq"] - shown[person.name]
    return shown


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
