"""SIGKILL in the middle of sending: what was acknowledged is there, and nothing has a gap."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.cast import Register
from tests.support.people import at_once
from tests.support.server import LiveServer
from tests.support.waiting import wait_until
from tests.support.wire import Ack

pytestmark = [pytest.mark.live, pytest.mark.database]


@pytest.fixture(scope="module")
def own_server(new_server: Callable[..., LiveServer]) -> Iterator[LiveServer]:
    server = new_server(relaxed=False)
    yield server
    server.stop()


def wait_for_acks(acks: list[Ack], count: int, server: LiveServer) -> None:
    wait_until(
        lambda: sum(ack.answered for ack in acks) >= count,
        f"{count} sends acknowledged",
        details=server.log,
    )


def test_killed_while_sending_nothing_acknowledged_is_lost(
    own_server: LiveServer, register: Register
) -> None:
    """Tokens and sessions outlive the kill, too."""
    alice, bob = register(own_server, "Alice"), register(own_server, "Bob")
    web = alice.web()
    conversation_id = alice.opens(bob)
    acknowledged: dict[str, dict[str, Any]] = {}
    sent: dict[str, str] = {}  # client_id -> whose

    for round_number in range(2):
        wires = [(person, person.wire()) for person in (alice, bob) for _ in range(2)]
        offered = {}
        for connection, (person, wire) in enumerate(wires):
            for number in range(400):
                client_id = f"{round_number}-{connection}-{number}"
                sent[client_id] = person.name
                offered[client_id] = wire.send(
                    "message:send",
                    {
                        "conversation_id": conversation_id,
                        "content": client_id,
                        "client_id": client_id,
                    },
                )
        wait_for_acks(list(offered.values()), 50, own_server)
        own_server.kill()
        for _, wire in wires:
            wire.wait_for("disconnect")
        answered = {cid: ack.get() for cid, ack in offered.items() if ack.answered}
        assert len(answered) < len(offered), "the kill came too late to prove anything"
        assert all(answer["ok"] for answer in answered.values()), answered
        acknowledged |= {cid: answer["message"] for cid, answer in answered.items()}

        own_server.restart()
        assert alice.get("/api/users/me")["id"] == alice.id
        assert web.request("GET", "/chats").status_code == 200
        stored = alice.history(conversation_id)
        assert [message["seq"] for message in stored] == list(range(1, len(stored) + 1))
        by_client_id = {message["client_id"]: message for message in stored}
        assert len(by_client_id) == len(stored)
        for client_id, message in acknowledged.items():
            kept = by_client_id[client_id]
            assert (kept["id"], kept["seq"], kept["content"]) == (
                message["id"],
                message["seq"],
                message["content"],
            )

    # What got no answer is sent again with its client_id: afterwards each stands exactly once.
    people = {person.name: person for person in (alice, bob)}
    unanswered = [client_id for client_id in sent if client_id not in acknowledged][:60]

    def send_again(client_id: str) -> dict[str, Any]:
        answer = people[sent[client_id]].rest(
            "POST",
            f"/api/chat/{conversation_id}/messages",
            json={"content": client_id, "client_id": client_id},
        )
        assert answer.status_code in (200, 201), answer.text
        message: dict[str, Any] = answer.json()
        return message

    at_once([lambda cid=cid: send_again(cid) for cid in unanswered], workers=10)
    final = alice.history(conversation_id)
    names = [message["client_id"] for message in final]
    assert len(names) == len(set(names))
    assert set(unanswered) <= set(names)
    assert [message["seq"] for message in final] == list(range(1, len(final) + 1))
    assert [message["id"] for message in final[: len(stored)]] == [m["id"] for m in stored]
