"""What mentions cost, and finding members to mention."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text

from chatapp.conversation.append import Draft, append_messages
from chatapp.core.db import db
from chatapp.models import Message
from tests.support.mentions import group, large, says
from tests.support.world import register

pytestmark = pytest.mark.database


# -- what it costs
def test_sending_reads_once_more_and_only_with_an_at(app, world, crew, statements):
    def count(*contents: str) -> int:
        with app.app_context(), statements() as texts:
            append_messages([Draft(crew, world.alice.id, words) for words in contents])
        return len([one for one in texts if one.startswith("SELECT")])

    count("warm")
    plain = count("hello")
    assert count("hello @nobody") == plain + 1
    assert count("hello @bob and @all") == plain + 1
    assert count("me@bob") == plain, "no name, no look"
    assert count(*["hello @bob"] * 50) == count(*["hello"] * 50) + 1


def test_reading_costs_nothing_without_an_at(app, world, crew, statements):
    def count() -> int:
        with statements() as texts:
            world.bob.api.get(f"/api/chat/{crew}/messages")
        return len(texts)

    says(world.alice, crew, "hello")
    plain = count()
    for _ in range(3):
        says(world.alice, crew, "hello @bob")
    assert count() == plain + 1


@pytest.mark.slow
def test_the_list_costs_as_much_for_fifty_as_for_two(app, world, statements):
    def count() -> int:
        with statements() as texts:
            listed = world.bob.api.get("/api/chat", limit=200).get_json()["items"]
        assert all(one["unread_mentions"] == 1 for one in listed if one["kind"] == "group")
        return len(texts)

    for _ in range(2):
        says(world.alice, group(world.alice, world.bob), "@bob")
    few = count()
    for number in range(48):
        says(world.alice, group(world.alice, world.bob), "@all" if number % 2 else "@bob")
    assert count() == few


def test_unread_mentions_of_all_are_found_by_index(app, world, crew):
    """However many messages are unread, those with @all are looked up."""
    with app.app_context():
        explain = "EXPLAIN " if db.engine.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN "
        statement = select(Message.seq).where(
            Message.conversation_id == crew, Message.seq > 0, Message.mentions_all
        )
        compiled = statement.compile(db.engine, compile_kwargs={"literal_binds": True})
        if db.engine.dialect.name == "postgresql":
            db.session.execute(text("SET enable_seqscan = off"))
        plan = str(db.session.execute(text(explain + str(compiled))).all())
    assert "ix_messages_mentions_all" in plan


# -- members, to complete names from
def test_members_by_name(app, world, crew):
    found = world.alice.api.get(f"/api/chat/{crew}/members").get_json()
    assert [one["name"] for one in found["items"]] == ["Alice", "Bob", "Carol"]
    assert found["next_cursor"] is None
    assert found["items"][0]["member_role"] == "owner"
    assert found["items"][1]["member_role"] == "member"
    assert not {"email", "phone_number", "last_read_seq"} & set(found["items"][0])


def test_members_by_the_beginning_of_a_word(app, world):
    ada = register(app, "ada.k")
    assert ada.api.patch("/api/users/me", {"name": "Countess Lovelace_"}).status_code == 200
    id_ = group(world.alice, world.bob, ada)

    def named(q: str) -> list[str]:
        items = world.alice.api.get(f"/api/chat/{id_}/members", q=q).get_json()["items"]
        return [one["name"] for one in items]

    assert (
        named("love")
        == named("ADA.")
        == named("count")
        == named("lovelace_")
        == ["Countess Lovelace_"]
    )
    assert named("ove") == named("%") == named("_") == named("carol") == []
    assert named("") == ["Alice", "Bob", "Countess Lovelace_"]


def test_members_in_pages(app, world):
    many = large(app, world.alice, 8)
    names, cursor = [], None
    while True:
        query = {"cursor": cursor} if cursor else {}
        page = world.alice.api.get(f"/api/chat/{many}/members", limit=3, **query).get_json()
        names += [one["name"] for one in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert names == ["Alice", *(f"extra{number}" for number in range(7))]


def test_members_are_for_members(world, crew):
    assert world.carol.api.get(f"/api/chat/{world.conversation_id}/members").status_code == 404
    assert world.alice.api.get("/api/chat/999999/members").status_code == 404
