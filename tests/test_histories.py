"""Histories nobody would think of: whatever happens, whoever syncs knows what the database knows.

Several clients send, change, join, leave, block, lose their line, events and answers. Each knows
only what came over its line, see `tests/support/model.py`. A live client is never wrong; one that
missed something isn't any more after `sync`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from typing import Any

import flask
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Engine, event

from tests.support.model import Client, Json, Switchboard, Truth, essence, switchboard
from tests.world import Person, register

PEOPLE = ("Ada", "Ben", "Cyd", "Dee")
EMOJI = ("👍", "🎉")
PASSING = ("typing:start", "typing:stop", "conversation:join", "conversation:leave")

somebody = st.integers(0, len(PEOPLE) - 1)
which = st.integers(0, 30)  # of the conversations or messages that there are
words = st.sampled_from(("hi", "hello", "*yes*"))
a_client = st.integers(0, len(PEOPLE))  # the first person has two


class Histories(RuleBasedStateMachine):
    """Bound to an app by `play`."""

    board: Switchboard
    people: list[Person]

    def __init__(self) -> None:
        super().__init__()
        _clear(self.board.app)
        self.board.announced.clear()
        self.ids: dict[int, str] = {}  # groups by conversation
        self.lost: list[tuple[Person, int, Json]] = []  # sends whose answer never came
        self.truth = Truth(self.board.app)
        self.clients = [
            Client(self.board, person, f"{person.name}{n}")
            for n, person in enumerate((self.people[0], *self.people))
        ]

    @initialize()
    def begin(self) -> None:
        for client in self.clients:
            client.connect(self.truth)
            client.stale = False  # there is nothing yet
        self.open(0, 1)
        self.found(0, [1, 2])

    # -- messages

    @rule(
        who=somebody,
        where=which,
        content=words,
        client_id=st.sampled_from((None, "a", "b")),
        answering=st.none() | which,
        lost=st.booleans(),
        rest=st.booleans(),
    )
    def send(self, who, where, content, client_id, answering, lost, rest) -> None:
        person, id_ = self.people[who], self.conversation(where)
        messages = self.truth.all_messages()
        body: Json = {"content": content, "client_id": client_id}
        if answering is not None and messages:
            body["reply_to"] = messages[answering % len(messages)]["id"]
        answer = self.call(person, "message:send", {"conversation_id": id_, **body}, rest)
        if lost and client_id:
            self.lost.append((person, id_, body))
        self.settle(answer, person, id_)

    @precondition(lambda self: self.lost)
    @rule(rest=st.booleans())
    def send_again(self, rest) -> None:
        """The answer never came, so the client repeats what it sent."""
        person, id_, body = self.lost.pop(0)
        stored = [
            message["id"]
            for message in self.truth.views[id_].messages.values()
            if (message["sender_id"], message["client_id"]) == (person.id, body["client_id"])
        ]
        before = self.truth.views[id_].version
        answer = self.call(person, "message:send", {"conversation_id": id_, **body}, rest)
        self.settle(answer, person, id_)
        if stored and answer["ok"]:
            assert answer["message"]["id"] == stored[0]
            assert self.truth.views[id_].version == before

    @rule(who=somebody, what=which, content=words, rest=st.booleans())
    def edit(self, who, what, content, rest) -> None:
        self.change(who, what, "message:edit", rest, content=content)

    @rule(who=somebody, what=which, rest=st.booleans())
    def delete(self, who, what, rest) -> None:
        self.change(who, what, "message:delete", rest)

    @rule(who=somebody, what=which, emoji=st.sampled_from(EMOJI), rest=st.booleans())
    def react(self, who, what, emoji, rest) -> None:
        self.change(who, what, "reaction:add", rest, emoji=emoji)

    @rule(who=somebody, what=which, emoji=st.sampled_from(EMOJI), rest=st.booleans())
    def unreact(self, who, what, emoji, rest) -> None:
        self.change(who, what, "reaction:remove", rest, emoji=emoji)

    @rule(who=somebody, where=which, seq=st.integers(0, 9), rest=st.booleans())
    def read(self, who, where, seq, rest) -> None:
        person, id_ = self.people[who], self.conversation(where)
        before = self.truth.views[id_]
        payload = {"conversation_id": id_, "seq": seq}
        self.settle(self.call(person, "message:read", payload, rest), person, id_)
        after = self.truth.views[id_]
        assert after.version == before.version
        assert all(after.pointers[one] >= seq for one, seq in before.pointers.items())
        assert all(after.own_pointers[one] >= seq for one, seq in before.own_pointers.items())

    @rule(who=somebody, where=which, event=st.sampled_from(PASSING))
    def be_noticed(self, who, where, event) -> None:
        """Typing and looking: of the moment, for those who may notice it."""
        person, id_ = self.people[who], self.conversation(where)
        for client in self.clients:
            if client.person is person and client.line is not None:
                answer = client.line.call(event, {"conversation_id": id_})
                self.settle({"ok": answer["ok"], "error": answer.get("error", {})}, person, id_)
                return

    # -- people

    @rule(who=somebody, other=somebody)
    def open(self, who, other) -> None:
        answer = self.rest(self.people[who], "POST", "/api/chat", self.named([other]))
        self.settle(answer)

    @rule(who=somebody, others=st.lists(somebody, max_size=3))
    def found(self, who, others) -> None:
        body = {"name": "Crew", "members": self.named(others)["participant_ids"]}
        answer = self.rest(self.people[who], "POST", "/api/groups", body)
        if answer["ok"]:
            self.ids[answer["conversation_id"]] = answer["id"]
        self.settle(answer)

    @rule(who=somebody, where=which, others=st.lists(somebody, min_size=1, max_size=3))
    def add(self, who, where, others) -> None:
        ids = self.named(others)["participant_ids"]
        self.manage(who, where, "POST", "/members", {"user_ids": ids})

    @rule(who=somebody, where=which, other=somebody)
    def remove(self, who, where, other) -> None:
        self.manage(who, where, "DELETE", f"/members/{self.people[other].id}")

    @rule(who=somebody, where=which)
    def leave(self, who, where) -> None:
        self.manage(who, where, "DELETE", f"/members/{self.people[who].id}")

    @rule(who=somebody, where=which, other=somebody, role=st.sampled_from(("owner", "admin")))
    def promote(self, who, where, other, role) -> None:
        path = f"/members/{self.people[other].id}"
        self.manage(who, where, "PATCH", path, {"member_role": role})

    @rule(who=somebody, where=which, name=words)
    def rename(self, who, where, name) -> None:
        self.manage(who, where, "PATCH", "", {"name": name})

    @precondition(lambda self: len(self.ids) > 1)
    @rule(who=somebody, where=which)
    def dissolve(self, who, where) -> None:
        self.manage(who, where, "DELETE", "")

    @rule(who=somebody, other=somebody)
    def block(self, who, other) -> None:
        path = f"/api/users/{self.people[other].id}/block"
        self.settle(self.rest(self.people[who], "POST", path))

    @rule(who=somebody, other=somebody)
    def unblock(self, who, other) -> None:
        path = f"/api/users/{self.people[other].id}/block"
        self.settle(self.rest(self.people[who], "DELETE", path))

    # -- lines

    @rule(n=a_client)
    def disconnect(self, n) -> None:
        if self.clients[n].line is not None:
            self.clients[n].disconnect()
        self.settle({"ok": True})

    @rule(n=a_client)
    def reconnect(self, n) -> None:
        client = self.clients[n]
        if client.line is None:
            client.connect(self.truth)
            self.settle({"ok": True})
        client.sync()
        self.settle({"ok": True})

    @rule(n=a_client, count=st.integers(1, 3))
    def lose_events(self, n, count) -> None:
        """So many events never arrive; the client finds the hole by itself, or syncs."""
        if self.clients[n].line is not None:
            self.clients[n].lossy = count

    def teardown(self) -> None:
        try:
            for client in self.clients:
                client.lossy = 0
                if client.line is None:
                    client.connect(self.truth)
            self.settle({"ok": True})
            for client in self.clients:
                client.sync()
            self.settle({"ok": True})
            assert not any(client.stale for client in self.clients)
        finally:
            for client in self.clients:
                if client.line is not None:
                    client.disconnect()

    # -- how

    def conversation(self, where: int) -> int:
        ids = sorted(self.truth.views)
        return ids[where % len(ids)]

    def named(self, numbers: list[int]) -> Json:
        return {"participant_ids": [self.people[number].id for number in numbers]}

    def change(self, who: int, what: int, event: str, rest: bool, **fields: Any) -> None:
        person, messages = self.people[who], self.truth.all_messages()
        if not messages:
            return
        message = messages[what % len(messages)]
        answer = self.call(person, event, {"message_id": message["id"], **fields}, rest)
        id_ = message["conversation_id"]
        before = self.truth.views[id_]
        self.settle(answer, person, id_)
        changed = self.truth.views[id_].version - before.version
        same = self.truth.views[id_].messages[message["id"]] == message
        assert changed == (0 if same else 1), (event, changed)

    def manage(self, who: int, where: int, method: str, path: str, body: Any = None) -> None:
        if not self.ids:
            return
        id_ = sorted(self.ids)[where % len(self.ids)]
        person = self.people[who]
        answer = self.rest(person, method, f"/api/groups/{self.ids[id_]}{path}", body)
        self.settle(answer, person, id_)

    def call(self, person: Person, event: str, payload: Json, rest: bool) -> Json:
        """Over one of the person's lines, or over REST."""
        lines = [c.line for c in self.clients if c.person is person and c.line is not None]
        if lines and not rest:
            return lines[0].call(event, payload)
        method, path, body = _as_rest(event, payload)
        answer = self.rest(person, method, path, body)
        if answer["ok"] and event != "message:read":
            answer = {"ok": True, "message": answer if "id" in answer else None}
        return answer

    def rest(self, person: Person, method: str, path: str, body: Any = None) -> Json:
        answer = person.api.call(method, path, body)
        assert answer.status_code < 500, answer.text
        found: Json = answer.get_json() or {} if answer.text else {}
        return {"ok": answer.status_code < 400, **found}

    def settle(self, answer: Json, person: Person | None = None, id_: int | None = None) -> None:
        """Everybody reads what came. What the answer said is so; a refusal changed nothing."""
        before, self.truth = self.truth, Truth(self.board.app)
        if person is not None and id_ is not None:
            allowed = id_ in before.of(person.id)
            if not allowed:
                assert answer.get("error", {}).get("code") == "not_found", answer
            if not answer["ok"]:
                assert self.truth.views == before.views, answer
        message = answer.get("message")
        if message:
            stored = self.truth.views[message["conversation_id"]].messages[message["id"]]
            assert essence(message) == stored
        self.check_announced()
        self.truth.check()
        while any(client.line is not None and client.line.inbox for client in self.clients):
            for client in self.clients:
                client.take(self.truth)
        for client in self.clients:
            if client.line is not None and not client.stale:
                self.check_client(client)

    def check_announced(self) -> None:
        """Every version of every conversation went out once, in order."""
        announced: dict[int, list[int]] = {}
        for id_, version in self.board.announced:
            announced.setdefault(id_, []).append(version)
        for id_, view in self.truth.views.items():
            assert announced.get(id_) == list(range(1, view.version + 1)), id_

    def check_client(self, client: Client) -> None:
        """It knows what the database holds: no less, no more, nothing twice."""
        mine = self.truth.of(client.person.id)
        assert set(client.views) == mine, client
        for id_ in mine:
            known, true = client.views[id_], self.truth.views[id_]
            assert known.messages == true.messages, (client, id_)
            assert (known.version, known.last_seq) == (true.version, true.last_seq), (client, id_)
            assert (known.name, known.members) == (true.name, true.members), (client, id_)
            seen = self.truth.pointers(id_, client.person.id)
            assert known.pointers == seen, (client, id_)


def _as_rest(event: str, payload: Json) -> tuple[str, str, Any]:
    message = f"/api/messages/{payload.get('message_id')}"
    chat = f"/api/chat/{payload.get('conversation_id')}"
    return {
        "message:send": ("POST", f"{chat}/messages", payload),
        "message:read": ("POST", f"{chat}/read", payload),
        "message:edit": ("PATCH", message, payload),
        "message:delete": ("DELETE", message, None),
        "reaction:add": ("PUT", f"{message}/reactions/{payload.get('emoji')}", None),
        "reaction:remove": ("DELETE", f"{message}/reactions/{payload.get('emoji')}", None),
    }[event]


def _clear(app: flask.Flask) -> None:
    """A new history; people and their tokens stay."""
    from chatapp.db import db
    from chatapp.models import Block, Conversation, Group, Message, Participant, Reaction

    with app.app_context(), db.engine.begin() as connection:
        connection.execute(Message.__table__.update().values(reply_to_id=None))
        for model in (Reaction, Message, Participant, Group, Block, Conversation):
            connection.execute(model.__table__.delete())


@pytest.fixture
def play(app: flask.Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """`play(histories, steps)` tries so many histories of at most so many steps each."""
    from chatapp.conversation import changes
    from chatapp.db import db

    monkeypatch.setattr(changes, "MOST_MESSAGES", 5)  # so that `sync` comes in parts as well
    with app.app_context():
        db.engine.dispose()
    event.listen(Engine, "connect", _careless)
    people = [register(app, name) for name in PEOPLE]
    with switchboard(app) as board:
        bound = type("BoundHistories", (Histories,), {"board": board, "people": people})

        def tries(histories: int, steps: int) -> None:
            run_state_machine_as_test(
                bound,
                settings=settings(
                    max_examples=histories,
                    stateful_step_count=steps,
                    deadline=None,
                    database=None,
                    print_blob=True,
                    suppress_health_check=list(HealthCheck),
                ),
            )

        yield tries
        _clear(app)
    event.remove(Engine, "connect", _careless)
    with app.app_context():
        db.engine.dispose()


def _careless(connection: Any, _record: Any) -> None:
    """No power cut is tried here, and SQLite takes its time for being safe from one."""
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA synchronous=OFF")


@pytest.mark.slow
def test_a_hundred_histories(play: Callable[..., None]) -> None:
    play(100, 6)


@pytest.mark.long
def test_two_thousand_histories(play: Callable[..., None]) -> None:
    play(2_000, 40)
