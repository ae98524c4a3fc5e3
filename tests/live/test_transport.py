"""Below Socket.IO: what is too large, too many, too slow or nobody's is stopped, and cheaply."""

from __future__ import annotations

import itertools
import os
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest
import requests

from chatapp.realtime.server import FRAME_LIMIT
from tests.support.cast import Register
from tests.support.memory import MEGABYTE, peak
from tests.support.people import Person
from tests.support.raw import CLOSE, CONTINUATION, RawSocket, packed
from tests.support.server import LiveServer
from tests.support.waiting import PATIENCE, at_most, wait_until
from tests.support.wire import Wire

pytestmark = pytest.mark.live

TOO_BIG = struct.pack("!H", 1009)
# measured with threads: 2.6 MB, wherever it goes
SILENT_COSTS = 4 if os.environ.get("CONCURRENCY") == "threads" else 2
GRACE = 5.0  # seconds in which a connection must have become a person's


@pytest.fixture(scope="module")
def quiet(new_server: Callable[..., LiveServer]) -> LiveServer:
    """A server whose memory nobody else uses."""
    return new_server()


@pytest.fixture(scope="module")
def limited(new_server: Callable[..., LiveServer]) -> LiveServer:
    return new_server(RATE_LIMITS="on")


@pytest.fixture
def line(server: LiveServer) -> Iterator[RawSocket]:
    with closing(RawSocket(server)) as line:
        yield line


def test_a_frame_above_the_limit_ends_the_connection_before_it_is_read(line: RawSocket) -> None:
    line.socket.sendall(packed(bytes(FRAME_LIMIT + 1))[:14])
    assert (CLOSE, TOO_BIG) in [(code, data[:2]) for code, data in line.hear_the_end()]


def test_fragments_above_the_limit_end_the_connection(line: RawSocket) -> None:
    half = bytes(FRAME_LIMIT // 2)
    line.frame(half, final=False)
    line.frame(half, CONTINUATION, final=False)
    line.frame(b"x", CONTINUATION, final=False)
    assert (CLOSE, TOO_BIG) in [(code, data[:2]) for code, data in line.hear_the_end()]


def test_a_message_at_the_limit_is_heard(server: LiveServer, person: Any) -> None:
    alice = person("Alice")
    with closing(RawSocket(server)) as line:
        line.sign_in(alice.token)
        text = '420["sync",{"versions":{},"padding":"' + "x" * FRAME_LIMIT
        frame = (text[: FRAME_LIMIT - 3] + '"}]').encode()
        assert len(frame) == FRAME_LIMIT
        line.frame(frame)
        assert '"ok":true' in line.hear_text("430")
        line.frame(frame[:100], final=False)
        line.frame(frame[100:100_000], CONTINUATION, final=False)
        line.frame(frame[100_000:], CONTINUATION)
        assert '"ok":true' in line.hear_text("430")


@pytest.mark.parametrize("size", [16_384, 1, 0])
def test_endless_fragments_before_signing_in_cost_under_a_megabyte(
    quiet: LiveServer, size: int
) -> None:
    flood(quiet, size)  # once for what stays in use anyway
    with peak(quiet) as memory:
        flood(quiet, size)
    assert memory.growth < MEGABYTE, f"{memory.growth / MEGABYTE:.2f} MB"


def flood(server: LiveServer, size: int) -> None:
    """Send fragments until the server has had enough."""
    batch = packed(bytes(size), CONTINUATION, final=False) * max(1, 4096 // (size + 6))
    with closing(RawSocket(server)) as line:
        line.frame(b"4", final=False)
        start = time.monotonic()
        try:
            while time.monotonic() - start < PATIENCE:
                line.socket.sendall(batch)
        except ConnectionError:
            return
    raise AssertionError("the server took everything")


def test_a_flood_of_tiny_frames_leaves_the_others_their_turn(server: LiveServer) -> None:
    with closing(RawSocket(server)) as line:
        line.socket.setblocking(False)
        pongs, answered = packed(b"3") * 1000, 0
        while answered < 5:
            try:
                line.socket.send(pongs)
            except BlockingIOError:
                answer = requests.get(f"{server.url}/health", timeout=2)
                answered += answer.status_code == 200


def test_a_packet_cannot_outgrow_the_limit_by_attachments(server: LiveServer, person: Any) -> None:
    with closing(RawSocket(server)) as line:
        line.sign_in(person("Alice").token)
        line.say('459-["sync",{"_placeholder":true,"num":0}]')
        for _ in range(3):
            line.frame(bytes(FRAME_LIMIT // 2), 2)
        line.hear_the_end()


def test_compression_is_refused(server: LiveServer) -> None:
    offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
    with closing(RawSocket(server, headers=offer)) as line:
        assert line.status == 101
        assert "extensions" not in line.answer.lower()


def test_the_protocol_without_frames_is_refused(server: LiveServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as line:
        line.sendall(
            b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\n"
            b"Upgrade: websocket\r\nConnection: Upgrade\r\nOrigin: "
            + server.url.encode()
            + b"\r\n\r\n"
        )
        assert line.recv(100).startswith(b"HTTP/1.1 400")


def test_who_is_nobody_is_shown_out(server: LiveServer, person: Any) -> None:
    alice = person("Alice")
    address = f"{server.url}/socket.io/?EIO=4&transport=polling"
    with ExitStack() as open_lines:

        def opened() -> RawSocket:
            return open_lines.enter_context(closing(RawSocket(server)))

        stays, left = opened(), opened()
        for line in (stays, left):
            line.sign_in(alice.token)
        left.say("41")
        nobody = {"left": left, "silent": opened()}
        start = time.monotonic()
        for said in ("40", '40{"token":"x"}', "40/admin,", "3", '42["sync",{}]'):
            nobody[said] = opened()
            for _ in range(3):
                nobody[said].say(said)
        sid = requests.get(address, timeout=PATIENCE).text.split('"sid":"')[1].split('"')[0]
        for said, line in nobody.items():
            line.hear_the_end()
            assert GRACE - 1 < time.monotonic() - start < at_most(GRACE + 3), said
        wait_until(
            lambda: requests.get(f"{address}&sid={sid}", timeout=PATIENCE).status_code == 400,
            "the polling client's session is unknown",
        )
        assert time.monotonic() - start < at_most(GRACE + 3)
        assert stays.call("sync", {"versions": {}})["ok"] is True


def test_few_of_one_address_may_wait(limited: LiveServer, register: Register) -> None:
    alice = register(limited, "Alice")
    with ExitStack() as open_lines:
        for _ in range(8):
            open_lines.enter_context(closing(RawSocket(limited))).sign_in(alice.token)
        for _ in range(50):
            waiting = open_lines.enter_context(closing(RawSocket(limited)))
            assert waiting.status == 101
        refused = open_lines.enter_context(closing(RawSocket(limited)))
        assert refused.status == 429
        assert "Retry-After: 5" in refused.answer
        answer = requests.get(f"{limited.url}/socket.io/?EIO=4&transport=polling", timeout=PATIENCE)
        assert answer.status_code == 429
        assert answer.json()["error"]["code"] == "rate_limited"
    wait_until(
        lambda: connects(limited, alice.token), "there is room again when the others have gone"
    )


def connects(server: LiveServer, token: str) -> bool:
    with closing(RawSocket(server)) as line:
        if line.status == 101:
            line.sign_in(token)
        return line.status == 101


def test_a_client_that_never_reads_costs_little_and_is_cut(
    quiet: LiveServer, register: Register
) -> None:
    alice, bob = register(quiet, "Alice"), register(quiet, "Bob")
    room = alice.opens(bob)
    reads = bob.wire()
    talk(alice, room, 300, lambda: False)  # once for what stays in use anyway
    reads.wait_for_many("message:received", 300)
    _, known = caught_up(reads, room, 0)
    reads.close()

    with closing(RawSocket(quiet, receive_buffer=4096)) as silent:
        silent.sign_in(bob.token)
        with peak(quiet) as memory:
            sent = talk(alice, room, 2000, lambda: silent.ended)
        assert sent < 600, f"it took {sent} messages of 10 kB until it was cut"
        assert memory.growth < SILENT_COSTS * MEGABYTE, f"{memory.growth / MEGABYTE:.2f} MB"

    missed, _ = caught_up(bob.wire(), room, known)
    assert [text.split()[0] for text in missed] == [str(number) for number in range(sent)]


def caught_up(wire: Wire, room: int, known: int) -> tuple[list[str], int]:
    """What was said after a version, and the version that is known then."""
    texts: list[str] = []
    more = True
    while more:
        (news,) = wire.call("sync", {"versions": {str(room): known}})["conversations"]
        texts += [message["content"] for message in news["messages"]]
        known, more = news["version"], news["has_more"]
    return texts, known


def talk(speaker: Person, room: int, most: int, enough: Callable[[], bool]) -> int:
    """Send messages of 10 kB, at most 1 MB a second, and say how many were sent.

    Each waits for the answer to the one before, or a busy machine has the speaker cut.
    """
    wire = speaker.wire()
    start = time.monotonic()
    for number in itertools.count():
        if number == most or enough():
            wire.close()
            return number
        sent = {"conversation_id": room, "content": f"{number} " + "x" * 9_990}
        assert wire.call("message:send", sent)["ok"]
        time.sleep(max(0.0, start + number / 100 - time.monotonic()))  # the rate of the test
    raise AssertionError


def test_a_reader_gets_an_answer_larger_than_the_bound(
    quiet: LiveServer, register: Register
) -> None:
    alice, bob = register(quiet, "Alice"), register(quiet, "Bob")
    room = alice.opens(bob)
    for number in range(30):  # 1.2 MB of text
        alice.says(room, f"{number} " + "😀" * 9_990)
    reader = bob.wire()
    asked = [reader.send("sync", {"versions": {str(room): 1}}) for _ in range(3)]
    for ack in asked:
        assert len(ack.get()["conversations"][0]["messages"]) == 30
    assert reader.connected


def test_text_is_unmasked(server: LiveServer, person: Any) -> None:
    """A real client masks: umlauts and all sizes around the borders come through."""
    alice, bob = person("Alice"), person("Bob")
    room = alice.opens(bob)
    wire = alice.wire()
    for size in (1, 2, 3, 4, 5, 40, 41, 42, 43, 9_999, 10_000):
        content = ("äöü€😀" * 2000)[:size]
        answer = wire.call("message:send", {"conversation_id": room, "content": content})
        assert answer["message"]["content"] == content
