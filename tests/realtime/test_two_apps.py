"""Two apps in one process share nothing: connections, events, who is online, limits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import flask
import pytest

from chatapp.core.errors import RateLimited
from chatapp.security import rate_limits
from tests.support.server import JWT_SECRET, SECRET_KEY
from tests.support.switchboard import GRACE, Line, Switchboard, switchboard
from tests.support.world import Person, register


@dataclass
class House:
    """An app with Alice and Bob, who share the conversation ``id_``, and their lines."""

    app: flask.Flask
    board: Switchboard
    alice: Person
    bob: Person
    id_: int
    alices: Line
    bobs: Line

    def events(self) -> list[tuple[str, Any]]:
        """What its lines got since this was asked last."""
        got = [*self.alices.inbox, *self.bobs.inbox]
        self.alices.inbox.clear()
        self.bobs.inbox.clear()
        return got

    def online(self, *people: Person) -> list[bool]:
        found = self.app.extensions["presence"].online(person.id for person in people)
        return list(found.values())


def make_app(folder: Path) -> flask.Flask:
    from chatapp import create_app
    from chatapp.extensions import db
    from config import Settings

    folder.mkdir()
    made = create_app(
        Settings.from_env(
            {
                "DATABASE_URL": f"sqlite:///{folder}/chatapp.db",
                "INSTANCE_DIR": str(folder),
                "SECRET_KEY": SECRET_KEY,
                "JWT_SECRET": JWT_SECRET,
                "CONCURRENCY": "threads",
                "RATE_LIMITS": "off",
                "PICTURE_FETCH": "off",
            }
        )
    )
    with made.app_context():
        db.create_all()
    return made


@pytest.fixture
def houses(tmp_path: Path, cheap_hashing: None) -> Iterator[tuple[House, House]]:
    """Two of them, whose conversations have the same id."""
    apps = [make_app(tmp_path / name) for name in ("one", "two")]
    with switchboard(apps[0]) as first, switchboard(apps[1]) as second:
        built = []
        for app, board in zip(apps, (first, second), strict=True):
            board.clock = second.clock  # one process has one time
            alice, bob = register(app, "Alice"), register(app, "Bob")
            opened = alice.api.post("/api/chat", {"participant_ids": [bob.id]}).get_json()
            lines = [Line(board, person) for person in (alice, bob)]
            built.append(House(app, board, alice, bob, opened["id"], *lines))
        one, two = built
        assert one.id_ == two.id_
        for house in built:
            house.events()
        yield one, two
        for house in built:
            for line in (house.alices, house.bobs):
                line.close()
        for house in built:
            house.board.end_history()
    for app in apps:
        with app.app_context():
            from chatapp.extensions import db

            db.engine.dispose()


@pytest.fixture
def heard(houses: tuple[House, House]) -> Iterator[Callable[[], tuple[int, int]]]:
    """How many announcements each app's bus has delivered."""
    lists: tuple[list[Any], list[Any]] = ([], [])
    ends = [
        house.app.extensions["events"].subscribe(events.append)
        for house, events in zip(houses, lists, strict=True)
    ]
    yield lambda: (len(lists[0]), len(lists[1]))
    for end in ends:
        end()


def test_a_message_is_announced_in_its_own_app(houses, heard):
    one, two = houses
    for house in houses:
        sent = house.alices.call("message:send", {"conversation_id": house.id_, "content": "Hi"})
        assert sent["ok"]
        counts = (1, 0) if house is one else (1, 1)
        assert heard() == counts
        other = two if house is one else one
        assert [event for event, _ in house.events()] == ["message:received"] * 2
        assert other.events() == []


def test_who_types_and_who_looks_is_seen_in_their_own_app(houses):
    one, two = houses
    for house in houses:
        for line in (house.alices, house.bobs):
            assert line.call("conversation:join", {"conversation_id": house.id_})["ok"]
        house.events()
    one.alices.call("typing:start", {"conversation_id": one.id_})
    assert [event for event, _ in one.events()] == ["user:typing"]
    assert two.events() == []
    one.board.pass_time(6)
    assert [event for event, _ in one.events()] == ["user:stopped-typing"]
    one.alices.close()
    assert [event for event, _ in one.bobs.inbox] == ["user:left"]
    assert two.events() == []
    assert two.app.extensions["hub"].typing._typists == {}


def test_who_is_online_is_so_in_their_own_app(houses):
    one, two = houses
    assert one.online(one.alice, one.bob, two.alice) == [True, True, False]
    one.alices.close()
    one.board.pass_time(GRACE)
    assert one.online(one.alice, one.bob) == [False, True]
    assert [event for event, _ in one.events()] == ["user:offline"]
    assert two.online(two.alice, two.bob, one.bob) == [True, True, False]
    assert two.events() == []


def test_a_sign_in_that_ends_closes_connections_of_its_own_app(houses):
    one, two = houses
    hubs = [house.app.extensions["hub"] for house in houses]
    assert [len(hub.connections) for hub in hubs] == [2, 2]
    assert one.alice.api.post("/api/auth/logout").status_code == 204
    assert [len(hub.connections) for hub in hubs] == [1, 2]
    assert hubs[0].server is not hubs[1].server
    assert two.alices.call("message:send", {"conversation_id": two.id_, "content": "Hi"})["ok"]


def test_limits_are_used_up_in_their_own_app(houses):
    one, two = houses
    for house in houses:
        house.app.extensions["rate_limiter"].configure(True)
    id_ = one.alice.id
    with one.app.app_context():
        for _ in range(30):
            rate_limits.check_message(id_)
        with pytest.raises(RateLimited):
            rate_limits.check_message(id_)
    with two.app.app_context():
        rate_limits.check_message(id_)
    two.app.extensions["rate_limiter"].configure(False)
    with one.app.app_context():
        assert rate_limits.enabled()


def test_jobs_downloads_and_guesses_belong_to_their_own_app(houses):
    one, two = houses
    for name in ("jobs", "downloads", "password_guesses", "attempts_sweep"):
        assert one.app.extensions[name] is not two.app.extensions[name], name
