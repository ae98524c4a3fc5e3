"""After any absence, three ways to get exactly what was missed: join, sync, /changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from chatapp.models import Conversation, Message
from chatapp.settings.databases import database_url
from tests.support.cast import Pair
from tests.support.people import Person
from tests.support.server import LiveServer
from tests.support.wire import Wire

pytestmark = [pytest.mark.live, pytest.mark.database]


@pytest.fixture
def missed(pair: Pair) -> tuple[int, list[dict[str, Any]]]:
    """The version Bob knew when his line broke, and what was said since."""
    line = pair.bob.wire()
    pair.alice.says(pair.id, "heard live")
    line.wait_for("message:received")
    known = pair.bob.get(f"/api/chat/{pair.id}")["version"]
    line.close()
    return known, [pair.alice.says(pair.id, f"missed {number}") for number in range(5)]


def without_reading(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Messages as they are apart from when they were read, which changes without a version."""
    return [{**message, "read_at": None, "updated_at": None} for message in messages]


def test_by_changes(pair: Pair, missed: tuple[int, list[dict[str, Any]]]) -> None:
    known, messages = missed
    answer = pair.bob.get(f"/api/chat/{pair.id}/changes", after_version=known)

    assert without_reading(answer["messages"]) == without_reading(messages)
    assert answer["version"] == known + 5
    assert answer["has_more"] is False
    assert answer["conversation"]["id"] == pair.id
    assert answer["conversation"]["last_seq"] == 6
    again = pair.bob.get(f"/api/chat/{pair.id}/changes", after_version=answer["version"])
    assert (again["messages"], again["version"]) == ([], known + 5)


def test_by_join(pair: Pair, missed: tuple[int, list[dict[str, Any]]]) -> None:
    known, messages = missed
    wire = pair.bob.wire()
    joined = wire.call("conversation:join", {"conversation_id": pair.id, "after_version": known})

    assert joined["ok"] is True
    assert without_reading(joined["messages"]) == without_reading(messages)
    assert (joined["version"], joined["has_more"]) == (known + 5, False)
    assert joined["conversation"]["unread_count"] == 6
    assert {one["id"] for one in joined["conversation"]["participants"]} == {
        pair.alice.id,
        pair.bob.id,
    }

    bare = wire.call("conversation:join", {"conversation_id": pair.id})
    assert (bare["ok"], bare["messages"], bare["version"]) == (True, [], known + 5)
    assert wire.call("conversation:leave", {"conversation_id": pair.id}) == {"ok": True}
    later = pair.alice.says(pair.id, "leaving closes a view, not the membership")
    assert wire.wait_for("message:received") == later


def test_by_sync(pair: Pair, carol: Person, missed: tuple[int, list[dict[str, Any]]]) -> None:
    known, messages = missed
    quiet = carol.opens(pair.bob)
    theirs = carol.opens(pair.alice)
    quiet_version = pair.bob.get(f"/api/chat/{quiet}")["version"]
    never = theirs + 10**6
    asked = {str(pair.id): known, str(theirs): 0, str(never): 5}

    answer = pair.bob.wire().call("sync", {"versions": asked})

    assert answer["ok"] is True
    assert sorted(answer["removed"]) == sorted([theirs, never]), "not Bob's, and nobody's: alike"
    by_id = {one["conversation"]["id"]: one for one in answer["conversations"]}
    assert set(by_id) == {pair.id, quiet}
    mine = by_id[pair.id]
    assert without_reading(mine["messages"]) == without_reading(messages)
    assert (mine["version"], mine["has_more"]) == (known + 5, False)
    unasked = by_id[quiet]
    assert (unasked["messages"], unasked["version"]) == ([], quiet_version)
    assert unasked["has_more"] is False


def test_changes_come_in_pages(pair: Pair) -> None:
    messages = [pair.alice.says(pair.id, str(number)) for number in range(25)]
    path = f"/api/chat/{pair.id}/changes"
    collected: list[dict[str, Any]] = []
    version, sizes, more = 0, [], True
    while more:
        answer = pair.bob.get(path, after_version=version, limit=10)
        assert answer["version"] > version, "each page leads on"
        version, more = answer["version"], answer["has_more"]
        sizes.append(len(answer["messages"]))
        collected += answer["messages"]

    assert without_reading(collected) == without_reading(messages)
    assert max(sizes) <= 10
    assert version == pair.bob.get(f"/api/chat/{pair.id}")["version"]


def test_join_and_sync_say_when_there_is_more(pair: Pair, send_many: Callable[..., None]) -> None:
    send_many(1_005)
    wire = pair.bob.wire()
    got: list[int] = []
    version, more = 0, True
    while more:
        answer = wire.call(
            "conversation:join", {"conversation_id": pair.id, "after_version": version}
        )
        assert answer["version"] > version
        version, more = answer["version"], answer["has_more"]
        got += [message["seq"] for message in answer["messages"]]
    assert got == list(range(1, 1_006))

    first = wire.call("sync", {"versions": {str(pair.id): 0}})["conversations"][0]
    assert first["has_more"] is True
    assert len(first["messages"]) <= 1_000
    rest = wire.call("sync", {"versions": {str(pair.id): first["version"]}})["conversations"][0]
    assert rest["has_more"] is False
    seqs = [message["seq"] for message in first["messages"] + rest["messages"]]
    assert seqs == list(range(1, 1_006))
    assert rest["version"] == version
    most = pair.bob.get(f"/api/chat/{pair.id}/changes", after_version=0, limit=100_000)
    assert len(most["messages"]) == 1_000


@pytest.fixture
def send_many(server: LiveServer, pair: Pair) -> Callable[[int], None]:
    """Fill the conversation up to so many messages: one is sent, the others are copies of it."""

    def send(count: int) -> None:
        first = pair.alice.says(pair.id, "1")
        engine = create_engine(database_url(server.environ["DATABASE_URL"]).url)
        with Session(engine) as session, session.begin():
            # On SQLite a read that turns into a write fails where the server wrote meanwhile.
            session.connection(execution_options={"chatapp_begin": "BEGIN IMMEDIATE"})
            conversation = session.get_one(Conversation, pair.id)
            message = session.get_one(Message, first["id"])
            for number in range(1, count):
                copy = Message(
                    conversation_id=pair.id,
                    seq=message.seq + number,
                    version=message.version + number,
                    sender_id=message.sender_id,
                    content=f"{number + 1}",
                    created_at=message.created_at,
                    updated_at=message.updated_at,
                )
                session.add(copy)
            conversation.last_seq = message.seq + count - 1
            conversation.version = message.version + count - 1
        engine.dispose()

    return send


def test_history_in_pages_both_ways(pair: Pair) -> None:
    for number in range(1, 13):
        pair.alice.says(pair.id, str(number))
    path = f"/api/chat/{pair.id}/messages"

    def page(**query: int) -> tuple[list[int], bool]:
        answer = pair.bob.get(path, **query)
        return [message["seq"] for message in answer["items"]], answer["has_more"]

    assert page(limit=5) == ([8, 9, 10, 11, 12], True)
    assert page(before=8, limit=5) == ([3, 4, 5, 6, 7], True)
    assert page(before=3, limit=5) == ([1, 2], False)
    assert page(after=10, limit=5) == ([11, 12], False)
    assert page(after=2, limit=5) == ([3, 4, 5, 6, 7], True)
    assert page(before=1) == ([], False)
    assert page(after=12) == ([], False)
    around = pair.bob.get(path, around=6, limit=5)
    seqs = [message["seq"] for message in around["items"]]
    assert 6 in seqs
    assert len(seqs) <= 5
    assert seqs == list(range(seqs[0], seqs[-1] + 1))
    assert (around["has_more_before"], around["has_more_after"]) == (True, True)


def test_joining_while_messages_come_misses_and_doubles_nothing(pair: Pair) -> None:
    """A snapshot and the live events fit together by version, whatever happens meanwhile."""
    sender = pair.alice.wire()
    acks = []
    for number in range(150):
        acks.append(
            sender.send("message:send", {"conversation_id": pair.id, "content": str(number)})
        )
        if number == 40:
            acks[0].get()
            wire: Wire = pair.bob.wire()
            joined = wire.send(
                "conversation:join", {"conversation_id": pair.id, "after_version": 0}
            )
    last = acks[-1].get()["message"]
    wire.wait_for("message:received", lambda message: message["version"] == last["version"])
    snapshot = joined.get()
    by_snapshot = [message["seq"] for message in snapshot["messages"]]
    live = [
        message["seq"]
        for message in wire.events("message:received")
        if message["version"] > snapshot["version"]
    ]
    assert by_snapshot + live == list(range(1, 151))


def test_a_new_conversation_is_heard_of_and_then_heard(pair: Pair, carol: Person) -> None:
    listening = carol.wire()
    new = pair.alice.opens(carol)
    created = listening.wait_for("conversation:created")
    assert created["id"] == new
    assert "unread_count" not in created, "an event is the same for every receiver"
    first = pair.alice.says(new, "welcome")
    assert listening.wait_for("message:received") == first
