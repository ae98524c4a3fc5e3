"""Histories nobody would think of: whatever happens, whoever syncs knows what the database knows.

Several clients send, change, join, leave, block, lose their line, events and answers. Each knows
only what came over its line, see `tests/support/model.py`. A live client is never wrong; one that
missed something isn't any more after `sync`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import flask
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.support.history import PEOPLE, History, Tried
from tests.support.switchboard import GRACE, switchboard
from tests.support.truth import Json
from tests.support.world import register

pytestmark = pytest.mark.database

EMOJI = ("👍", "🎉")

somebody = st.integers(0, len(PEOPLE) - 1)
another = st.integers(0, len(PEOPLE) - 2)
which = st.integers(0, 199)  # of the conversations or messages that are theirs; or of all
words = st.sampled_from(("hi", "hello", "*yes*", "@ada, hi", "@BEN. and `@cyd`", "@dee @all"))
a_client = st.integers(0, len(PEOPLE))  # the first person has two


class Histories(History):
    """What the clients do, each as a rule that Hypothesis draws."""

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
def test_forty_histories(play: Callable[..., Tried]) -> None:
    tried = play(40, 32)
    assert tried.histories >= 40
    assert tried.steps >= 18 * tried.histories


@pytest.mark.long
@pytest.mark.parametrize("part", range(1, 21))  # for all cores, and so that one sees it go on
def test_two_thousand_histories(play: Callable[..., Tried], part: int) -> None:
    tried = play(100, 42)
    assert tried.histories >= 100
    assert tried.steps >= 30 * tried.histories
