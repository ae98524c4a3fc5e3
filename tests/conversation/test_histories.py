"""Histories nobody would think of: whatever happens, whoever syncs knows what the database knows.

Several clients send, change, join, leave, block, lose their line, events and answers. Each knows
only what came over its line, see `tests/support/model.py`. A live client is never wrong; one that
missed something isn't any more after `sync`.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import flask
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.support.model import Client
from tests.support.switchboard import GRACE, Line, Switchboard, switchboard
from tests.support.truth import Json, Truth, essence
from tests.support.world import Person, register

pytestmark = pytest.mark.database

PEOPLE = ("Ada", "Ben", "Cyd", "Dee")
EMOJI = ("👍", "🎉")

somebody = st.integers(0, len(PEOPLE) - 1)
another = st.integers(0, len(PEOPLE) - 2)
which = st.integers(0, 199)  # of the conversations or messages that are theirs; or of all
words = st.sampled_from(("hi", "hello", "*yes*", "@ada, hi", "@BEN. and `@cyd`", "@dee @all"))
a_client = st.integers(0, len(PEOPLE))  # the first person has two


class Histories(RuleBasedStateMachine):
    """Bound to an app by `play`."""

    board: Switchboard
    people: list[Person]
    tried: Tried

    def __init__(self) -> None:
        super().__init__()
        self.tried.histories += 1
        self.tried.steps -= 1
        self.ids: dict[int, str] = {}  # groups by conversation
        self.lost: list[tuple[Person, int, Json]] = []  # sends whose answer never came
        self.typing: dict[tuple[int, str], tuple[Line, float]] = {}  # until when
        self.clients = [
            Client(self.board, person, f"{person.name}{n}")
            for n, person in enumerate((self.people[0], *self.people))
        ]

    @initialize(looking=st.booleans())
    def begin(self, looking) -> None:
        for client in self.clients:
            client.connect()
            client.stale = False  # there is nothing yet
        self.open(0, 0)
        self.found(0, [1, 2])
        if looking:
            for client in self.clients[:4]:
                for id_ in sorted(self.truth.of(client.person.id)):
                    client.join(id_)
            self.settle({"ok": True})

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
        person, id_ = self.people[who], self.conversation(self.people[who], where)
        body: Json = {"content": content, "client_id": client_id}
        answered = self.message(person, answering) if answering is not None else None
        if answered is not None:
            body["reply_to"] = answered["id"]
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
        person, id_ = self.people[who], self.conversation(self.people[who], where)
        before = self.truth.views[id_]
        payload = {"conversation_id": id_, "seq": seq}
        self.settle(self.call(person, "message:read", payload, rest), person, id_)
        after = self.truth.views[id_]
        assert after.version == before.version
        assert all(after.pointers[one] >= seq for one, seq in before.pointers.items())
        assert all(after.own_pointers[one] >= seq for one, seq in before.own_pointers.items())

    # -- people

    @rule(who=somebody, other=another)
    def open(self, who, other) -> None:
        others = self.named([self.besides(who, other)])
        answer = self.rest(self.people[who], "POST", "/api/chat", others)
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

    @rule(who=somebody, other=another)
    def block(self, who, other) -> None:
        path = f"/api/users/{self.people[self.besides(who, other)].id}/block"
        self.settle(self.rest(self.people[who], "POST", path))

    @rule(who=somebody, other=another)
    def unblock(self, who, other) -> None:
        path = f"/api/users/{self.people[self.besides(who, other)].id}/block"
        self.settle(self.rest(self.people[who], "DELETE", path))

    @rule(who=somebody, hide=st.booleans())
    def hide_receipts(self, who, hide) -> None:
        """From now on; what one's own clients know of others, they have to ask anew."""
        person = self.people[who]
        answer = self.rest(person, "PATCH", "/api/users/me", {"hide_read_receipts": hide})
        for client in self.clients:
            if client.person is person:
                client.stale = True
        self.settle(answer)

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
            client.connect()
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
                    client.connect()
            self.settle({"ok": True})
            for client in self.clients:
                client.sync()
            self.settle({"ok": True})
            assert not any(client.stale for client in self.clients)
        finally:
            for client in self.clients:
                client.stale = True
            self.board.end_history()

    # -- who is there

    @rule(n=a_client, where=which)
    def look(self, n, where) -> None:
        client = self.clients[n]
        id_ = self.conversation(client.person, where)
        if client.line is not None:
            self.settle(client.join(id_), client.person, id_)

    @rule(n=a_client, where=which)
    def look_away(self, n, where) -> None:
        client = self.clients[n]
        id_ = self.conversation(client.person, where)
        if client.line is not None:
            self.settle(client.leave(id_), client.person, id_)

    @rule(n=a_client, where=which)
    def type(self, n, where) -> None:
        client = self.clients[n]
        id_ = self.conversation(client.person, where)
        if client.line is not None:
            answer = client.line.call("typing:start", {"conversation_id": id_})
            if answer["ok"] and not self.truth.cut(id_):
                until = self.board.clock.now + 6
                self.typing[id_, client.person.id] = client.line, until
            self.settle(answer, client.person, id_)

    @rule(n=a_client, where=which)
    def stop_typing(self, n, where) -> None:
        client = self.clients[n]
        id_ = self.conversation(client.person, where)
        if client.line is not None:
            answer = client.line.call("typing:stop", {"conversation_id": id_})
            if answer["ok"]:
                self.typing.pop((id_, client.person.id), None)
            self.settle(answer, client.person, id_)

    @rule(seconds=st.sampled_from((1, 3, GRACE, 10)))
    def wait(self, seconds) -> None:
        self.board.pass_time(seconds)
        self.settle({"ok": True})

    # -- how

    def check_invariants(self, *args: Any) -> None:
        """Hypothesis calls this once in the beginning and after each step."""
        self.tried.steps += 1
        super().check_invariants(*args)

    @property
    def truth(self) -> Truth:
        return self.board.truth

    def conversation(self, person: Person, where: int) -> int:
        """Mostly one of theirs; that of others is refused, which soon is no news."""
        ids = sorted(self.truth.of(person.id)) if where % 5 else []
        ids = ids or sorted(self.truth.views)
        return ids[where // 5 % len(ids)]

    def message(self, person: Person, what: int) -> Json | None:
        """Mostly one that they may see."""
        messages, own = self.truth.all_messages(), self.truth.of(person.id)
        if what % 5:
            messages = [one for one in messages if one["conversation_id"] in own] or messages
        return messages[what // 5 % len(messages)] if messages else None

    def besides(self, who: int, other: int) -> int:
        """The number of somebody else."""
        return (who + other + 1) % len(PEOPLE)

    def named(self, numbers: list[int]) -> Json:
        return {"participant_ids": [self.people[number].id for number in numbers]}

    def change(self, who: int, what: int, event: str, rest: bool, **fields: Any) -> None:
        person = self.people[who]
        message = self.message(person, what)
        if message is None:
            return
        answer = self.call(person, event, {"message_id": message["id"], **fields}, rest)
        id_ = message["conversation_id"]
        before = self.truth.views[id_]
        self.settle(answer, person, id_)
        changed = self.truth.views[id_].version - before.version
        same = self.truth.views[id_].messages[message["id"]] == message
        assert changed == (0 if same else 1), (event, changed)

    def manage(self, who: int, where: int, method: str, path: str, body: Any = None) -> None:
        person = self.people[who]
        own = sorted(self.truth.of(person.id) & set(self.ids)) if where % 5 else []
        ids = own or sorted(self.ids)
        if not ids:
            return
        id_ = ids[where // 5 % len(ids)]
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
        before = self.truth
        self.board.look()
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
        for id_, view in self.truth.views.items():  # each version went out once, in order
            assert self.board.announced_versions(id_) == list(range(1, view.version + 1)), id_
        self.truth.check()
        while any(client.line is not None and client.line.inbox for client in self.clients):
            for client in self.clients:
                client.take()
        for client in self.clients:
            if client.line is not None:
                self.check_company(client)
                if not client.stale:
                    client.check()
        heard = sum((client.heard for client in self.clients), Counter())
        assert heard == self.board.expected, "who heard of whose coming and going, and of mentions"
        for one in (*(client.heard for client in self.clients), self.board.expected):
            one.clear()

    def check_company(self, client: Client) -> None:
        """Nobody is seen to be there, or to write, who isn't.

        Across a block nothing is told, not even that somebody goes: what was seen runs out.
        """
        assert client.line is not None
        for id_ in self.truth.views:
            if self.truth.cut(id_) or id_ not in client.line.viewing:
                client.look_past(id_)
        for id_, companions in client.companions.items():
            assert companions <= self.board.viewers(id_), (client, id_)
        for id_, typists in client.typists.items():
            for one in typists:
                line, until = self.typing[id_, one]
                assert until > self.board.clock.now, (client, id_)
                assert line.id in self.board.lines, (client, id_)
                assert one in self.truth.views[id_].members, (client, id_)


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


@dataclass
class Tried:
    """How much was tried; a test that has become shallow proves nothing."""

    histories: int = 0
    steps: int = 0


@pytest.fixture
def play(
    app: flask.Flask, monkeypatch: pytest.MonkeyPatch, record_property: Callable[..., None]
) -> Iterator[Callable[..., Tried]]:
    """`play(histories, steps)` tries so many histories of at most so many steps each."""
    from chatapp.conversation import changes

    monkeypatch.setattr(changes, "MAX_MESSAGES", 5)  # so that `sync` comes in parts as well
    people = [register(app, name) for name in PEOPLE]
    with switchboard(app) as board:

        def play(histories: int, steps: int) -> Tried:
            tried, start = Tried(), time.monotonic()
            bound = {"board": board, "people": people, "tried": tried}
            run_state_machine_as_test(
                type("BoundHistories", (Histories,), bound),
                settings=settings(
                    max_examples=histories,
                    stateful_step_count=steps,
                    deadline=None,
                    database=None,
                    phases=(Phase.generate, Phase.shrink),
                    report_multiple_bugs=False,
                    print_blob=True,
                    suppress_health_check=list(HealthCheck),
                ),
            )
            seconds = time.monotonic() - start
            average = tried.steps / tried.histories
            figures = f"{tried.histories} histories, {average:.1f} steps each, {seconds:.0f} s"
            record_property("figures", figures)
            return tried

        yield play


@pytest.mark.slow
def test_a_hundred_histories(play: Callable[..., Tried]) -> None:
    tried = play(100, 32)
    assert tried.histories >= 100
    assert tried.steps >= 18 * tried.histories


@pytest.mark.long
@pytest.mark.parametrize("part", range(1, 21))  # for all cores, and so that one sees it go on
def test_two_thousand_histories(play: Callable[..., Tried], part: int) -> None:
    tried = play(100, 42)
    assert tried.histories >= 100
    assert tried.steps >= 30 * tried.histories
