"""Clients that act at the same time: however it went, everybody ends up with what is stored."""

from __future__ import annotations

import threading
from collections.abc import Callable
from random import Random
from typing import Any

import flask
import pytest

from tests.support.model import Client
from tests.support.switchboard import Switchboard, busy_switchboard
from tests.support.truth import Json, essence
from tests.support.world import Person, register

pytestmark = [pytest.mark.slow, pytest.mark.database]

DEVICES = ("Ada", "Ben", "Ben", "Cyd", "Dee")  # Ben has two, which send the same things
STEPS = 25
REFUSALS = {"not_found", "forbidden", "conflict"}


class Device(threading.Thread):
    """One client, acting in a thread of its own on what it knows."""

    def __init__(self, board: Switchboard, person: Person, number: int, stage: Stage) -> None:
        super().__init__(name=f"{person.name}{number}")
        self.client = Client(board, person, self.name)
        self.failure: BaseException | None = None
        self.acknowledged: dict[str, Json] = {}
        self._person, self._stage = person, stage
        self._random = Random(f"{stage.seed}{self.name}")
        self._sent = 0

    def run(self) -> None:
        try:
            self.client.connect()
            self._stage.ready.wait(30)
            for _ in range(STEPS):
                self._random.choice(self._acts())()
                self.client.take()
        except BaseException as exc:
            self.failure = exc

    def _acts(self) -> list[Callable[[], Any]]:
        return [
            *[self._send] * 5,
            *[self._change] * 4,
            *[self._read] * 2,
            *[self._manage] * 3,
            self.client.sync,
            self._come_back,
            self._block,
        ]

    def _send(self) -> None:
        self._sent += 1
        name = f"{self._person.name} {self._sent}"
        id_ = self._random.choice(self._stage.conversations)
        content = self._random.choice((name, f"{name} for @ben", f"{name} for @all"))
        body = {"conversation_id": id_, "content": content, "client_id": name}
        answer = self._call("message:send", body)
        if answer["ok"]:
            self.acknowledged[answer["message"]["id"]] = answer["message"]

    def _change(self) -> None:
        known = [one for view in self.client.views.values() for one in view.messages.values()]
        if known:
            message = {"message_id": self._random.choice(known[-8:])["id"]}
            event, more = self._random.choice(
                (
                    ("message:edit", {"content": f"{self.name} says so"}),
                    ("message:delete", {}),
                    ("reaction:add", {"emoji": "👍"}),
                    ("reaction:remove", {"emoji": "👍"}),
                )
            )
            self._call(event, {**message, **more})

    def _read(self) -> None:
        id_ = self._random.choice(self._stage.conversations)
        self._call("message:read", {"conversation_id": id_, "seq": self._random.randint(1, 60)})

    def _manage(self) -> None:
        who = self._random.choice((self._stage.dee, self._stage.cyd))
        members = f"/api/groups/{self._stage.group_id}/members"
        method, path, body = self._random.choice(
            (
                ("POST", members, {"user_ids": [who]}),
                ("DELETE", f"{members}/{who}", None),
                ("PATCH", f"/api/groups/{self._stage.group_id}", {"name": self.name}),
            )
        )
        self._rest(method, path, body)

    def _block(self) -> None:
        other = self._stage.ben if self._person.name == "Ada" else self._stage.ada
        if other != self._person.id:
            self._rest("POST", f"/api/users/{other}/block")
            self._rest("DELETE", f"/api/users/{other}/block")

    def _come_back(self) -> None:
        self.client.disconnect()
        self.client.connect()

    def _call(self, event: str, payload: Json) -> Json:
        assert self.client.line is not None
        answer = self.client.line.call(event, payload)
        assert answer["ok"] or answer["error"]["code"] in REFUSALS, answer
        return answer

    def _rest(self, method: str, path: str, body: Any = None) -> None:
        answer = self._person.api.call(method, path, body)
        assert answer.status_code < 300 or answer.get_json()["error"]["code"] in REFUSALS, (
            answer.text
        )


class Stage:
    """A group and a one-to-one conversation."""

    def __init__(self, seed: int, people: dict[str, Person]) -> None:
        self.seed = seed
        self.ready = threading.Event()
        self.ada, self.ben, self.cyd, self.dee = (one.id for one in people.values())
        ada = people["Ada"].api
        group = ada.post("/api/groups", {"name": "Crew", "members": [self.ben, self.cyd]})
        self.group_id = group.get_json()["id"]
        role = f"/api/groups/{self.group_id}/members/{self.ben}"
        assert ada.patch(role, {"member_role": "admin"}).status_code == 200
        direct = ada.post("/api/chat", {"participant_ids": [self.ben]})
        self.conversations = (group.get_json()["conversation_id"], direct.get_json()["id"])


@pytest.mark.parametrize(
    "seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(2, 6))]
)
def test_whoever_acts_at_the_same_time_ends_up_with_what_is_stored(
    app: flask.Flask, seed: int
) -> None:
    people = {name: register(app, name) for name in dict.fromkeys(DEVICES)}
    with busy_switchboard(app) as board:
        stage = Stage(seed, people)
        listener = Client(board, people["Ada"], "listener")  # a member all the time
        board.look()
        before = {id_: board.truth.views[id_].version for id_ in stage.conversations}
        listener.connect()
        devices = [Device(board, people[name], n, stage) for n, name in enumerate(DEVICES)]
        for device in devices:
            device.start()
        stage.ready.set()
        for device in devices:
            device.join(120)
            assert not device.is_alive(), f"{device.name} waits for ever"
            if device.failure is not None:
                raise device.failure

        truth = board.look()
        truth.check()
        for id_ in stage.conversations:
            version = truth.views[id_].version
            assert sorted(board.announced_versions(id_)) == list(range(1, version + 1))
            assert heard(listener, id_) == list(range(before[id_] + 1, version + 1))
        for device in devices:
            for id_, message in device.acknowledged.items():
                stored = truth.views[message["conversation_id"]].messages[id_]
                assert (stored["seq"], stored["client_id"]) == (
                    message["seq"],
                    message["client_id"],
                )
                assert stored["version"] > message["version"] or stored == essence(message)
        clients = [listener, *(device.client for device in devices)]
        for client in clients:
            client.take()
            client.sync()
            client.check()


def heard(client: Client, id_: int) -> list[int]:
    """The versions of a conversation that a line brought, as they came."""
    assert client.line is not None
    return [
        payload["version"]
        for _, payload in client.line.inbox
        if payload.get("version") and id_ in (payload.get("conversation_id"), payload["id"])
    ]
