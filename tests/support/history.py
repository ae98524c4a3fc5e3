"""One history of several clients: who they are, how they call, and what holds after each step."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from hypothesis.stateful import (
    RuleBasedStateMachine,
)

from tests.support.model import Client
from tests.support.switchboard import Line, Switchboard
from tests.support.truth import Json, Truth, essence
from tests.support.world import Person

PEOPLE = ("Ada", "Ben", "Cyd", "Dee")


@dataclass
class Tried:
    """How much was tried; a test that has become shallow proves nothing."""

    histories: int = 0
    steps: int = 0


class History(RuleBasedStateMachine):
    """The clients of one history. Subclasses bind `board`, `people` and `tried`, and add rules."""

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
