"""What dialects' clients are sent is made of the event alone: delivering asks no database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chatapp.core.events import ClientEvent
from chatapp.dialects import DIALECTS
from tests.support.switchboard import Line, Switchboard, switchboard
from tests.support.world import Person, World

Json = dict[str, Any]


@pytest.fixture
def published(app) -> Iterator[list[ClientEvent]]:
    """Every event for clients, from here on."""
    events: list[ClientEvent] = []
    end = app.extensions["events"].subscribe(events.append)
    yield events
    end()


@pytest.fixture
def board(app) -> Iterator[Switchboard]:
    with switchboard(app) as board:
        yield board


@pytest.fixture
def asked(app, statements: Callable[[], Any], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The SQL that delivering events sends."""
    texts: list[str] = []
    delivery = app.extensions["hub"].delivery

    def guarded(deliver: Callable[..., None]) -> Callable[..., None]:
        def guard(*args: Any, **kwargs: Any) -> None:
            with statements() as sent:
                deliver(*args, **kwargs)
            texts.extend(sent)

        return guard

    for name in ("to_members", "to_person"):
        monkeypatch.setattr(delivery, name, guarded(getattr(delivery, name)))
    return texts


def say(person: Person, conversation_id: int, content: str) -> Json:
    path = f"/api/chat/{conversation_id}/messages"
    message: Json = person.api.post(path, {"content": content}).get_json()
    return message


def make_group(owner: Person, *members: Person) -> Json:
    body = {"name": "Crew", "members": [one.id for one in members]}
    group: Json = owner.api.post("/api/groups", body).get_json()
    return group


def test_no_renderer_asks_the_database(world: World, published, statements):
    say(world.alice, world.conversation_id, "to one")
    group = make_group(world.alice, world.bob)
    say(world.alice, group["conversation_id"], "to all")
    names = {event.name for event in published}
    for module in DIALECTS:
        assert set(module.DIALECT.renderers) <= names, "nothing was published of these"
    with statements() as sent:  # and without an application context, too
        for module in DIALECTS:
            for event in published:
                module.DIALECT.render(event)
    assert sent == []


def test_every_dialect_is_sent_its_own_form_and_nothing_is_asked(
    app, world: World, board: Switchboard, asked
):
    alice, bob = world.alice, world.bob
    group = make_group(alice, bob)
    lines = {name: Line(board, bob, dialect=name) for name in ("colon", "camel", "kebab", "cookie")}
    for line in lines.values():
        line.inbox.clear()
    direct = say(alice, world.conversation_id, "to one")
    common = say(alice, group["conversation_id"], "to all")

    def heard(dialect: str, name: str) -> list[Json]:
        return [payload for event, payload in lines[dialect].inbox if event == name]

    assert [one["id"] for one in heard("colon", "message:received")] == [direct["id"], common["id"]]
    assert [one["id"] for one in heard("camel", "receiveMessage")] == [direct["id"], common["id"]]
    kebab = [(one["receiver_id"], one["is_group"]) for one in heard("kebab", "receive-message")]
    assert kebab == [(bob.id, False), (group["id"], True)]
    (cookie,) = heard("cookie", "newMessage")
    assert (cookie["_id"], cookie["receiverId"]) == (direct["id"], bob.id)
    for name in ("camel", "kebab", "cookie"):
        assert heard(name, "message:received") == []
    assert asked == []


def test_a_renderer_that_fails_harms_no_other_dialect(
    world: World, board: Switchboard, monkeypatch, caplog
):
    kebab = next(module.DIALECT for module in DIALECTS if module.DIALECT.name == "kebab")
    broken = {"message:received": lambda event: event.facts["nothing"]}
    monkeypatch.setattr(kebab, "renderers", broken)
    lines = [Line(board, world.bob, dialect=name) for name in ("kebab", "camel", "colon")]
    for line in lines:
        line.inbox.clear()
    say(world.alice, world.conversation_id, "Hi")
    assert [[event for event, _ in line.inbox] for line in lines] == [
        [],
        ["receiveMessage"],
        ["message:received"],
    ]
    assert "message:received can't be rendered in the dialect kebab" in caplog.text
