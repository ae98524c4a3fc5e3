"""What a stranger sends to stop the server: a bystander goes on, and the server is well after it.

Each case is a short form of `make floods`; docs/security.md has the figures.
"""

from __future__ import annotations

import resource
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from http.client import HTTPConnection
from pathlib import Path

import pytest
import requests

from tests.support.memory import MEGABYTE, resident
from tests.support.people import Person
from tests.support.raw import RawSocket
from tests.support.server import LiveServer
from tests.support.waiting import PATIENCE, at_most, wait_until

pytestmark = pytest.mark.live

#: Loopback has many addresses; a stranger and a bystander come from different networks.
STRANGER = "127.0.0.66"


@pytest.fixture(scope="module")
def limited(new_server: Callable[..., LiveServer]) -> LiveServer:
    """As in production, with the fewest database connections."""
    return new_server(RATE_LIMITS="on", DB_POOL_SIZE="2", DB_MAX_OVERFLOW="1", DB_POOL_TIMEOUT="2s")


@pytest.fixture
def opened() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def connect(limited: LiveServer, opened: ExitStack) -> Callable[[], socket.socket]:
    """`connect()` is a TCP connection of the stranger's."""

    def make() -> socket.socket:
        return opened.enter_context(
            socket.create_connection(
                ("127.0.0.1", limited.port), timeout=PATIENCE, source_address=(STRANGER, 0)
            )
        )

    return make


def is_well(server: LiveServer) -> float:
    """The longest of five round trips, in seconds."""
    longest = 0.0
    for _ in range(5):
        start = time.monotonic()
        assert requests.get(f"{server.url}/health", timeout=PATIENCE).ok
        longest = max(longest, time.monotonic() - start)
    return longest


def visit(server: LiveServer, address: str, times: int) -> set[int]:
    """Ask for a page so often, from this address; the answers' codes."""
    with closing(
        HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE, source_address=(address, 0))
    ) as line:
        codes = set()
        for _ in range(times):
            line.request("GET", "/login")
            answer = line.getresponse()
            answer.read()
            codes.add(answer.status)
        return codes


def header(path: str, *lines: str, method: str = "POST") -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *lines, "", ""]).encode()


def ended(connection: socket.socket) -> bytes:
    """What it answers until it ends the connection."""
    answer = b""
    try:
        while data := connection.recv(65_536):
            answer += data
    except ConnectionError:
        pass
    return answer


class TestSlowBodies:
    @pytest.mark.parametrize(
        ("path", "as_form"),
        [
            ("/api/chat", False),
            ("/api/pictures", False),
            ("/login", True),
            ("/settings/profile", True),
        ],
    )
    def test_hold_no_database_connection(
        self, limited: LiveServer, connect: Callable[[], socket.socket], path: str, as_form: bool
    ) -> None:
        ada = Person(limited, "Ada")
        if as_form:
            cookies = ada.web().http.cookies
            caller = "Cookie: " + "; ".join(f"{one.name}={one.value}" for one in cookies)
            kind = "Content-Type: application/x-www-form-urlencoded"
        else:
            caller = f"Authorization: Bearer {ada.token}"
            kind = "Content-Type: application/json"
        for _ in range(20):
            connect().sendall(header(path, caller, kind, "Content-Length: 1000") + b"abc")
        ben = Person(limited, "Ben")
        conversation_id = ada.opens(ben)
        assert ben.says(conversation_id, "still here")["seq"] == 1

    def test_have_a_time_limit(self, connect: Callable[[], socket.socket]) -> None:
        slow = connect()
        slow.sendall(header("/login", "Content-Length: 1000") + b"abc")
        assert b" 408 " in ended(slow).partition(b"\r\n")[0]

    def test_are_bounded_for_each_network(self, connect: Callable[[], socket.socket]) -> None:
        for _ in range(64):
            connect().sendall(header("/login", "Content-Length: 1000") + b"abc")

        def is_refused() -> bool:
            one_more = connect()
            one_more.sendall(header("/login", "Content-Length: 3") + b"ab")
            one_more.settimeout(0.2)
            try:
                return b" 429 " in one_more.recv(100)
            except TimeoutError:
                return False

        wait_until(is_refused, "one more is refused")


def test_a_large_upload_in_pieces_is_received(limited: LiveServer) -> None:
    """Chunked, above the limit of other bodies."""
    ada = Person(limited, "Ada")

    def pieces() -> Iterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nprofile\r\n'
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
        for _ in range(40):
            yield bytes(16_384)
        yield b"\r\n--b--\r\n"

    answer = ada.rest(
        "POST",
        "/api/pictures",
        data=pieces(),
        headers={"Content-Type": "multipart/form-data; boundary=b"},
    )
    assert answer.status_code == 415, answer.text  # it was received, and is no picture


def test_out_of_files_it_pauses_and_goes_on(new_server: Callable[..., LiveServer]) -> None:
    server = new_server()
    pid = server.worker_pid()
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    now = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (now + 20, before[1]))
    with ExitStack() as stack:
        for _ in range(60):
            stack.enter_context(socket.create_connection(("127.0.0.1", server.port)))
        wait_until(lambda: "no more connections for the moment" in server.log(), "it says so")
    assert is_well(server) < at_most(5)
    assert server.worker_pid() == pid


def test_a_connection_that_says_nothing_is_closed(connect: Callable[[], socket.socket]) -> None:
    start = time.monotonic()
    assert ended(connect()) == b""
    assert time.monotonic() - start < at_most(12)


def test_pipelined_requests_let_others_in(
    limited: LiveServer, connect: Callable[[], socket.socket]
) -> None:
    line = connect()
    line.setblocking(False)
    try:
        line.send(header("/login", method="GET") * 4000)
    except BlockingIOError:
        pass
    assert is_well(limited) < at_most(0.5)
    line.settimeout(PATIENCE)
    assert 1 <= ended(line).count(b"HTTP/1.1 ") < 100, "it is closed after some"


def test_visitors_pages_hold_up_no_message(limited: LiveServer) -> None:
    """Sixteen who ask for one page after the other, without end."""
    ada, ben = Person(limited, "Ada"), Person(limited, "Ben")
    conversation_id = ada.opens(ben)
    stopped = threading.Event()

    def ask() -> None:
        while not stopped.is_set():
            visit(limited, STRANGER, 100)

    with ThreadPoolExecutor(16) as pool:
        asking = [pool.submit(ask) for _ in range(16)]
        longest = 0.0
        for number in range(30):
            start = time.monotonic()
            ada.says(conversation_id, str(number))
            longest = max(longest, time.monotonic() - start)
            time.sleep(0.1)  # below the limit of messages
        stopped.set()
    assert not any(one.exception() for one in asking)
    assert longest < at_most(0.5)


def test_a_network_of_people_logs_in_at_once(limited: LiveServer) -> None:
    """A hundred behind one address open the page, then more than a stranger may."""
    assert visit(limited, "127.0.0.77", 300) == {200}


def test_chunks_without_end_are_refused(
    limited: LiveServer, connect: Callable[[], socket.socket]
) -> None:
    line = connect()
    line.sendall(header("/health", "Transfer-Encoding: chunked", method="GET"))
    longest = 0.0
    with pytest.raises(ConnectionError):
        for number in range(2000):
            line.sendall(b"1\r\na\r\n" * 10_000)
            if number % 10 == 0:
                longest = max(longest, is_well(limited))
    assert longest < at_most(0.5)


def test_a_body_that_nobody_reads_is_not_read_to_its_end(
    connect: Callable[[], socket.socket],
) -> None:
    line = connect()
    line.sendall(header("/api/chat", f"Content-Length: {2**40}"))
    with pytest.raises(ConnectionError):
        for _ in range(4096):
            line.sendall(bytes(65_536))


class TestPackets:
    @pytest.mark.parametrize(
        "packet", ["3[1]", "4abc", "42{}", "4zzz", "49", "44{}", "9", "42[]", "43{}"]
    )
    def test_malformed_ones_end_the_connection_in_a_line(
        self, limited: LiveServer, packet: str
    ) -> None:
        before = len(limited.log())
        ada = Person(limited, "Ada")
        with closing(RawSocket(limited)) as line:
            line.sign_in(ada.token)
            line.say(packet)
            line.hear_the_end()
        assert "Traceback" not in limited.log()[before:]

    def test_a_frame_that_is_no_packet_ends_the_websocket(self, limited: LiveServer) -> None:
        with closing(RawSocket(limited)) as line:
            line.hear_text("0")
            line.say("abc")
            assert b"HTTP/1.1" not in b"".join(data for _, data in line.hear_the_end())

    def test_are_small_before_signing_in(self, limited: LiveServer) -> None:
        with closing(RawSocket(limited)) as line:
            line.hear_text("0")
            line.say('40{"token":"' + "x" * 10_000 + '"}')
            line.hear_the_end()

    def test_one_refused_connect_ends_the_connection(self, limited: LiveServer) -> None:
        with closing(RawSocket(limited)) as line:
            line.hear_text("0")
            line.say('40{"token":"bad"}')
            assert "unauthenticated" in line.hear_text("44")
            line.hear_the_end()

    def test_refused_ones_leave_no_memory_behind(
        self, new_server: Callable[..., LiveServer]
    ) -> None:
        """Even where nothing slows their sender down."""
        server = new_server()
        ada = Person(server, "Ada")
        event = '42["nonsense","' + "x" * 240_000 + '"]'
        with closing(RawSocket(server)) as line:
            line.sign_in(ada.token)
            line.say(event)
            line.hear_text("42")
            before = resident(server)
            for _ in range(100):
                line.say(event)
            line.call("sync", {"versions": {}})
        assert resident(server) - before < 40 * MEGABYTE


def test_a_stalled_upgrade_keeps_polling_waiting(limited: LiveServer) -> None:
    """A proxy lets the WebSocket's handshake pass and swallows its frames."""
    ada = Person(limited, "Ada")
    url = f"{limited.url}/socket.io/?EIO=4&transport=polling"
    with requests.Session() as http:
        sid = http.get(url, timeout=PATIENCE).text.partition('"sid":"')[2].partition('"')[0]
        url += f"&sid={sid}"
        http.post(url, data=f'40{{"token":"{ada.token}"}}', timeout=PATIENCE)
        assert http.get(url, timeout=PATIENCE).text.startswith("40")
        with closing(RawSocket(limited, query=f"&sid={sid}")) as silent:
            assert silent.status == 101
            start = time.monotonic()
            with pytest.raises(requests.ReadTimeout):
                answered = http.get(url, timeout=2).text
                raise AssertionError(f"{answered} after {time.monotonic() - start:.1f} s")
