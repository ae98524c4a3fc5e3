"""The harness itself: what each test may rely on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flask
import pytest
from sqlalchemy import func, select

from tests.support.pages import PageClient
from tests.support.world import World, register

pytestmark = pytest.mark.database


def test_alice_and_bob_share_a_conversation_and_carol_is_a_stranger(world: World) -> None:
    path = f"/api/chat/{world.conversation_id}/messages"
    for person in (world.alice, world.bob):
        items = person.api.get(path).get_json()["items"]
        assert [message["content"] for message in items] == ["Hello Bob", "Hello Alice", "Lunch?"]
        assert [message["id"] for message in items] == [one["id"] for one in world.messages]
    assert world.carol.api.get(path).status_code == 404


def test_every_world_has_ids_of_its_own(
    worlds: Callable[[], World], empty_tables: Callable[[], None]
) -> None:
    met: set[object] = set()
    for _ in range(3):
        world = worlds()
        people = (world.alice, world.bob, world.carol)
        ids = {world.conversation_id, *(one.id for one in people)}
        ids |= {message["id"] for message in world.messages}
        assert len(ids) == 7
        assert not ids & met
        met |= ids
        again = world.bob.api.post("/api/chat", {"participant_ids": [world.alice.id]})
        assert (again.status_code, again.get_json()["id"]) == (200, world.conversation_id)
        assert world.messages[1]["sender"]["id"] == world.bob.id
        assert world.carol.api.get("/api/users/me").get_json()["id"] == world.carol.id
        empty_tables()


def test_each_has_a_browser_of_their_own(world: World, client: PageClient) -> None:
    assert world.alice.client.get("/chats").status_code == 200
    assert world.bob.client.get("/api/users/me").get_json()["id"] == world.bob.id
    assert world.alice.client.get("/api/users/me").get_json()["id"] == world.alice.id
    assert client.get("/chats").status_code == 302


def test_api_speaks_for_whom_it_is_given(world: World, api: Callable[[Any], Any]) -> None:
    assert api(world.carol).get("/api/users/me").get_json()["id"] == world.carol.id
    assert api(None).get("/api/users/me").status_code == 401


@pytest.mark.parametrize("time", ["first", "again"])
def test_every_test_begins_with_empty_tables(app: flask.Flask, time: str) -> None:
    from chatapp.extensions import db

    with app.app_context():
        for table in db.metadata.sorted_tables:
            assert db.session.scalar(select(func.count()).select_from(table)) == 0, (time, table)
    register(app, "Alice")


def test_services_can_be_called_in_a_context(context: flask.Flask) -> None:
    from chatapp.extensions import db
    from chatapp.models import User

    assert flask.current_app._get_current_object() is context  # type: ignore[attr-defined]
    assert db.session.scalar(select(func.count()).select_from(User)) == 0
