"""socket.io-client from npm, given only a token: sends and receives. Without: is refused."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.support.cast import Pair
from tests.support.people import Person
from tests.support.server import FRIEND_ORIGIN, LiveServer

pytestmark = pytest.mark.live
HERE = Path(__file__).parent
transports = pytest.mark.parametrize(
    "transports", [["websocket"], ["polling"], ["polling", "websocket"]], ids="-".join
)


class Client:
    """A running client.mjs."""

    def __init__(self, node: str, **orders: Any) -> None:
        orders = {"say": [], "hear": 0, "conversation_id": None, **orders}
        self._process = subprocess.Popen(
            [node, "client.mjs", json.dumps(orders)],
            cwd=HERE,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def line(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"client.mjs ended with {self._process.wait()}"
        said: dict[str, Any] = json.loads(line)
        return said

    def go(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write("go\n")
        self._process.stdin.flush()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()


@transports
def test_with_a_token_it_sends_and_receives(
    node: str, server: LiveServer, pair: Pair, transports: list[str]
) -> None:
    with ExitStack() as stack:
        clients = [
            stack.enter_context(
                Client(
                    node,
                    url=server.url,
                    options={"auth": {"token": who.new_login()}, "transports": transports},
                    conversation_id=pair.id,
                    say=[f"{who.name} {number}" for number in range(5)],
                    hear=10,
                )
            )
            for who in (pair.alice, pair.bob)
        ]
        for client in clients:
            assert client.line()["connected"] is True
        for client in clients:
            client.go()
        for client, who in zip(clients, (pair.alice, pair.bob), strict=True):
            told = client.line()
            assert all(ack["ok"] for ack in told["acks"])
            sent = [ack["message"]["content"] for ack in told["acks"]]
            assert sent == [f"{who.name} {number}" for number in range(5)]
            assert [message["seq"] for message in told["heard"]] == list(range(1, 11))
            assert {m["sender_id"] for m in told["heard"]} == {pair.alice.id, pair.bob.id}
    assert len(pair.bob.history(pair.id)) == 10


@transports
def test_without_a_right_one_it_is_refused(
    node: str,
    server: LiveServer,
    person: Callable[[str], Person],
    transports: list[str],
) -> None:
    cookie = person("Alice").web().cookie_header
    attempts: dict[str, dict[str, Any]] = {
        "no token": {},
        "an empty one": {"auth": {"token": ""}},
        "a wrong one": {"auth": {"token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.AAAA"}},
        "a wrong header": {"extraHeaders": {"Authorization": "Bearer x"}},
        "cookie without Origin": {"extraHeaders": {"Cookie": cookie}},
    }
    for origin in ("https://evil.example", "null", f"{FRIEND_ORIGIN}.evil.example"):
        attempts[origin] = {"extraHeaders": {"Cookie": cookie, "Origin": origin}}
    own = {"extraHeaders": {"Cookie": cookie, "Origin": server.url}}
    with ExitStack() as stack:

        def client(options: dict[str, Any]) -> Client:
            options = {**options, "transports": transports}
            return stack.enter_context(Client(node, url=server.url, options=options))

        refused = {kind: client(options) for kind, options in attempts.items()}
        welcome = client(own)
        for kind, one in refused.items():
            told = one.line()
            assert told["connected"] is False, kind
            if "://" not in kind and kind != "null":  # a bad Origin gets no further than HTTP 400
                assert told["message"] == "unauthenticated", (kind, told)
                assert told["data"]["error"]["code"] == "unauthenticated", (kind, told)
        assert welcome.line()["connected"] is True, "control: the same cookie from our own Origin"


def test_the_lock_file_names_no_registry() -> None:
    """Whoever installs decides where from."""
    packages = json.loads((HERE / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert packages["node_modules/socket.io-client"]["version"] == "4.8.4"
    for name, package in packages.items():
        assert "resolved" not in package, name
        assert not name or package["integrity"].startswith("sha512-"), name
