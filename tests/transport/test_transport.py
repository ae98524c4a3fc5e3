"""What reaches into libraries, piece by piece; with a server around it: live/test_transport."""

from __future__ import annotations

import logging
import queue
from typing import Any

import pytest
import socketio
from engineio.packet import CLOSE, MESSAGE, PING, Packet
from hypothesis import given
from hypothesis import strategies as st

from chatapp.transport import send_buffer, versions
from chatapp.transport.admission import Admission
from chatapp.transport.events import route_events
from chatapp.transport.frames import limit_frames
from chatapp.transport.masking import unmask
from chatapp.transport.send_buffer import BUSY_BYTES, MAX_BYTES, SendBuffer
from tests.support.waiting import wait_until


@given(st.binary(max_size=200), st.binary(min_size=4, max_size=4), st.integers(0, 9))
def test_unmasking_is_byte_by_byte(data, mask, offset):
    expected = bytes(byte ^ mask[(offset + place) % 4] for place, byte in enumerate(data))
    assert unmask(data, tuple(mask), len(data), offset) == expected


@pytest.mark.parametrize("size", [32_767, 32_768, 32_769, 262_144])
@pytest.mark.parametrize("offset", [0, 3])
def test_long_data_is_unmasked_the_same(size, offset):
    data, mask = bytes(range(256)) * (size // 256 + 1), (1, 20, 255, 7)
    data = data[:size]
    assert unmask(unmask(data, mask, size, offset), mask, size, offset) == data
    assert unmask(data, mask, size, offset)[-1] == data[-1] ^ mask[(offset + size - 1) % 4]


class EngineSocket:
    """As much of python-engineio's as a send buffer uses."""

    def __init__(self):
        self.server = type("Server", (), {"reason": socketio.Server.reason})()
        self.server.get_queue_empty_exception = lambda: queue.Empty
        self.queue = queue.Queue()
        self.closed = False

    def close(self, **_: Any):
        self.closed = True


def event(name: str, size: int = 0) -> Packet:
    return Packet(MESSAGE, f'2["{name}",{{"text":"{"x" * size}"}}]')


def names(box: SendBuffer) -> list[str]:
    """What the writer gets, without waiting for more."""
    got = []
    try:
        while True:
            got.append(box.get(timeout=0.01).data.split('"')[1])
    except queue.Empty:
        return got


@pytest.fixture
def box() -> SendBuffer:
    return SendBuffer(EngineSocket())


def test_packets_leave_in_their_order(box: SendBuffer):
    for number in range(100):
        box.put(event(f"event:{number}"))
    assert names(box) == [f"event:{number}" for number in range(100)]


@pytest.mark.parametrize(
    "name",
    [
        "user:typing",
        "user:stopped-typing",
        "user:joined",
        "user:left",
        "user:online",
        "user:offline",
    ],
)
def test_typing_and_presence_are_left_out_first(box: SendBuffer, name: str):
    box.put(event(name))
    box.put(event("message:received", BUSY_BYTES))
    box.put(event(name))
    box.put(event("message:received"))
    assert names(box) == [name, "message:received", "message:received"]
    box.put(event(name))
    assert names(box) == [name], "when the others have left they pass again"


def test_a_client_for_which_too_much_waits_is_cut(box: SendBuffer):
    for _ in range(MAX_BYTES // 2 // 10_500):
        box.put(event("message:received", 10_000))
    assert not box.cut
    for _ in range(10):
        box.put(event("message:received", 10_000))
    assert box.cut
    assert names(box) == [], "and nothing is kept for it"
    box.put(event("message:received"))
    assert names(box) == []
    wait_until(lambda: box._socket.closed, "its connection is closed")


@pytest.mark.slow
def test_a_client_that_reads_is_not_cut_however_much_comes(box: SendBuffer):
    for _ in range(500):
        box.put(event("message:received", 10_000))
        assert names(box) == ["message:received"]
    assert not box.cut


def test_one_event_above_the_bound_passes_when_nothing_else_waits(box: SendBuffer):
    box.put(event("sync", MAX_BYTES))
    assert names(box) == ["sync"]


def test_answers_do_not_cut_but_make_the_next_call_wait(box: SendBuffer, monkeypatch):
    for _ in range(3):
        box.put(Packet(MESSAGE, f'30[{{"text":"{"x" * MAX_BYTES}"}}]'))
    assert not box.cut
    left = []
    monkeypatch.setattr(send_buffer.concurrency, "wait", lambda _: left.extend(names(box)))
    box.wait_for_answers()
    assert len(left) == 3, "it went on before the answers had left"


def test_the_writer_takes_little_at_once(box: SendBuffer):
    for _ in range(20):
        box.put(event("message:received", 10_000))
    taken = 0
    with pytest.raises(queue.Empty):
        while True:
            box.get(block=taken == 0)
            taken += 1
    assert 0 < taken < 10
    assert not box._queue.empty()


def test_no_polling_answer_holds_more_than_other_clients_take(box: SendBuffer):
    """python-engineio's client reads at most 16 packets at once."""
    for _ in range(40):
        box.put(event("message:received", 10))
    sizes = []
    while not box._queue.empty():
        packets = [box.get()]
        with pytest.raises(queue.Empty):
            while True:
                packets.append(box.get(block=False))
        sizes.append(len(packets))
    assert sizes == [16, 16, 8]


def test_what_belongs_to_the_connection_always_passes(box: SendBuffer):
    for packet in (Packet(PING), Packet(CLOSE), None):
        box.put(packet)
    assert [box.get(), box.get(), box.get()][2] is None
    box.join()  # closing doesn't wait for a client that doesn't fetch it


@pytest.fixture
def unknown_versions(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(versions, "version", lambda _: "99.0")
    versions.is_supported.cache_clear()
    yield
    versions.is_supported.cache_clear()


@pytest.mark.usefixtures("unknown_versions")
def test_other_versions_are_left_alone_with_one_warning_each(caplog):
    with caplog.at_level(logging.WARNING, "chatapp.transport"):
        for _ in range(2):
            server = socketio.Server(async_mode="threading")
            plain, handlers = dict(server.eio._async), dict(server.eio.handlers)
            limit_frames(server)
            Admission(server)
            assert server.eio._async == plain
            assert server.eio.handlers == handlers
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 2
    assert any(text.startswith("python-engineio is 99.0") for text in told)
    assert any(text.startswith("python-socketio is 99.0") for text in told)


@pytest.mark.usefixtures("unknown_versions")
def test_events_are_answered_with_other_versions_too():
    server = socketio.Server(async_mode="threading", namespaces=["/"])
    heard = []

    def handle(sid, name, args, reply):
        heard.append((sid, name, args))
        reply({"ok": True})

    route_events(server, handle)
    assert server._trigger_event("message:send", "/", "sid", {"a": 1}) == {"ok": True}
    assert heard == [("sid", "message:send", ({"a": 1},))]


@pytest.mark.parametrize(
    ("installed", "series", "fits"),
    [("4.15.1", "4.15", True), ("4.15", "4.15", True), ("4.150.1", "4.15", False)],
)
def test_a_series_is_its_releases(monkeypatch, installed, series, fits):
    monkeypatch.setattr(versions, "version", lambda _: installed)
    versions.is_supported.cache_clear()
    assert versions.is_supported("python-engineio", series) is fits
    versions.is_supported.cache_clear()
