"""Who may open a socket: a valid token, or the session cookie with an allowed Origin. No other."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
import requests

from tests.support.attacks import foreign_origins
from tests.support.cast import Pair, Register
from tests.support.people import Person
from tests.support.server import FRIEND_ORIGIN, JWT_SECRET, LiveServer
from tests.support.tokens import decode, forge, forgeries
from tests.support.waiting import PATIENCE, at_most
from tests.support.wire import Wire, knock

pytestmark = pytest.mark.live
both_transports = pytest.mark.parametrize("transport", ["websocket", "polling"])


@pytest.fixture(scope="module")
def alice(server: LiveServer) -> Person:
    return Person(server, "Alice")


@pytest.fixture(scope="module")
def cookie(alice: Person) -> str:
    return alice.web().cookie_header


def test_a_page_left_open_is_not_another_ones(
    server: LiveServer, alice: Person, cookie: str
) -> None:
    """The cookie may be of somebody who signed in later; the page says whose it is."""
    headers = {"Cookie": cookie, "Origin": server.url}
    assert knock(server, "websocket", headers=headers, auth={"user_id": alice.id}).welcomed
    other = Person(server, "Bob").id
    for claimed in (other, "", None, 5):
        refused = knock(server, "websocket", headers=headers, auth={"user_id": claimed})
        assert not refused.welcomed, claimed


@both_transports
def test_a_token_opens_a_socket(server: LiveServer, alice: Person, transport: str) -> None:
    bearer = {"Authorization": f"Bearer {alice.token}"}
    assert knock(server, transport, auth={"token": alice.token}).welcomed
    assert knock(server, transport, headers=bearer).welcomed
    assert knock(
        server, transport, auth={"token": alice.token}, headers={"Origin": server.url}
    ).welcomed


@both_transports
def test_without_a_credential_it_is_refused(server: LiveServer, transport: str) -> None:
    for auth in (None, {}, {"dialect": "colon"}, {"token": None}, {"token": ""}, [], "x", 5, True):
        assert knock(server, transport, auth=auth).refused_properly, auth
    assert knock(server, transport, headers={"Origin": server.url}).refused_properly


@both_transports
def test_false_tokens_are_refused(server: LiveServer, alice: Person, transport: str) -> None:
    for kind, token in forgeries(alice.token, JWT_SECRET).items():
        assert knock(server, transport, auth={"token": token}).refused_properly, kind
    for value in (5, ["x"], {"$ne": None}, [alice.token], {"token": alice.token}, True):
        assert knock(server, transport, auth={"token": value}).refused_properly, value


def test_false_tokens_are_refused_in_the_header(server: LiveServer, alice: Person) -> None:
    """The same, as a header; REST agrees."""
    for kind, token in forgeries(alice.token, JWT_SECRET).items():
        if kind == "64 kB":
            continue  # more than any server takes as a header
        headers = {"Authorization": f"Bearer {token}"}
        assert knock(server, "websocket", headers=headers).refused_properly, kind
        answer = requests.get(f"{server.url}/api/users/me", headers=headers, timeout=PATIENCE)
        assert answer.status_code == 401, kind
        assert answer.json()["error"]["code"] == "unauthenticated"
    for header in ("Bearer", "Bearer ", f"Basic {alice.token}", alice.token, "Bearer a b"):
        answer = requests.get(
            f"{server.url}/api/users/me", headers={"Authorization": header}, timeout=PATIENCE
        )
        assert answer.status_code == 401, header


def test_the_forger_can_forge(server: LiveServer, alice: Person) -> None:
    """Control: what forgeries() changes is what they are refused for."""
    header, claims = decode(alice.token)
    assert knock(server, "websocket", auth={"token": forge(header, claims, JWT_SECRET)}).welcomed


@both_transports
def test_the_cookie_counts_with_our_origin(server: LiveServer, cookie: str, transport: str) -> None:
    for origin in (server.url, FRIEND_ORIGIN):
        verdict = knock(server, transport, headers={"Cookie": cookie, "Origin": origin})
        assert verdict.welcomed, origin


@both_transports
def test_the_cookie_counts_from_nowhere_else(
    server: LiveServer, cookie: str, transport: str
) -> None:
    for origin in foreign_origins(server.url):
        verdict = knock(server, transport, headers={"Cookie": cookie, "Origin": origin})
        assert verdict.refused_properly, origin
    assert knock(server, transport, headers={"Cookie": cookie}).refused_properly, "no Origin"


@both_transports
def test_a_false_token_is_not_made_good_by_a_cookie(
    server: LiveServer, cookie: str, transport: str
) -> None:
    headers = {"Cookie": cookie, "Origin": server.url}
    assert knock(server, transport, auth={"token": "x.y.z"}, headers=headers).refused_properly


@both_transports
def test_a_false_cookie_is_refused(server: LiveServer, cookie: str, transport: str) -> None:
    (own,) = [one for one in cookie.split("; ") if one.startswith("chatapp_session=")]
    name, _, true = own.partition("=")
    for value in ("", "x", "0" * 64, true[:-1], "../../etc/passwd"):
        headers = {"Cookie": f"{name}={value}", "Origin": server.url}
        assert knock(server, transport, headers=headers).refused_properly, value


@pytest.fixture(scope="module")
def open_server(new_server: Callable[..., LiveServer]) -> Iterator[LiveServer]:
    """A server whose operator lets any origin in."""
    server = new_server(SOCKET_IO_CORS=f"*,{FRIEND_ORIGIN}")
    yield server
    server.stop()


@both_transports
def test_a_star_never_lets_a_cookie_through(
    open_server: LiveServer, register: Register, transport: str
) -> None:
    server = open_server
    alice = register(server, "Alice")
    cookie = alice.web().cookie_header
    for origin in foreign_origins(server.url):
        headers = {"Cookie": cookie, "Origin": origin}
        assert knock(server, transport, headers=headers).refused_properly, origin
        if origin.startswith("http"):
            answer = requests.options(
                f"{server.url}/socket.io/?EIO=4&transport=polling",
                headers=headers,
                timeout=PATIENCE,
            )
            allowed = answer.headers.get("Access-Control-Allow-Origin")
            credentials = answer.headers.get("Access-Control-Allow-Credentials")
            assert not (allowed == origin and credentials == "true"), origin
    assert knock(server, transport, headers={"Cookie": cookie}).refused_properly
    headers = {"Cookie": cookie, "Origin": FRIEND_ORIGIN}
    assert knock(server, transport, headers=headers).welcomed
    foreign = {"Origin": "https://evil.example"}
    token = {"token": alice.token}
    assert knock(server, transport, auth=token, headers=foreign).welcomed, "what * is for"
    both = {**foreign, "Cookie": cookie}
    assert knock(server, transport, headers=both).refused_properly


def test_other_protocols_and_namespaces_are_refused(server: LiveServer, alice: Person) -> None:
    auth = {"token": alice.token}
    assert not knock(server, "polling", auth=auth, engine=3).welcomed
    for namespace in ("/admin", "/x", "/socket.io"):
        assert not knock(server, "websocket", auth=auth, namespace=namespace).welcomed
        assert not knock(server, "polling", auth=auth, namespace=namespace).welcomed


def test_a_token_in_the_address_is_no_credential(server: LiveServer, alice: Person) -> None:
    for name in ("token", "auth[token]", "access_token", "jwt"):
        assert knock(server, "websocket", query=f"&{name}={alice.token}").refused_properly
    answer = requests.get(f"{server.url}/api/users/me?token={alice.token}", timeout=PATIENCE)
    assert answer.status_code == 401


def test_nothing_is_heard_before_the_welcome(pair: Pair) -> None:
    """An engine session without a Socket.IO connection can neither send nor listen."""
    address = f"{pair.alice.server.url}/socket.io/?EIO=4&transport=polling"
    event = json.dumps(["message:send", {"conversation_id": pair.id, "content": "sneaked"}])
    with requests.Session() as http:
        sid = json.loads(http.get(address, timeout=PATIENCE).text[1:])["sid"]
        http.post(f"{address}&sid={sid}", data=f"42{event}", timeout=PATIENCE)
    pair.alice.says(pair.id, "real")
    assert [message["content"] for message in pair.bob.history(pair.id)] == ["real"]


def test_logging_out_ends_the_token_and_its_sockets(pair: Pair) -> None:
    alice = pair.alice
    kept_token = alice.new_login()
    ended, kept = alice.wire(), Wire(alice.server, auth={"token": kept_token})
    alice.wires.append(kept)

    assert alice.rest("POST", "/api/auth/logout").status_code == 204

    ended.wait_for("disconnect", timeout=at_most(5))
    assert alice.rest("GET", "/api/users/me").status_code == 401
    assert knock(alice.server, "websocket", auth={"token": alice.token}).refused_properly
    pair.bob.says(pair.id, "still there?")
    assert kept.wait_for("message:received")["content"] == "still there?"
    assert ended.events("message:received") == []


def test_logging_out_ends_the_session_and_its_sockets(pair: Pair) -> None:
    alice = pair.alice
    leaving, staying = alice.web(), alice.web()
    wires = []
    for session in (leaving, staying):
        headers = {"Cookie": session.cookie_header, "Origin": alice.server.url}
        wires.append(Wire(alice.server, auth={"dialect": "colon"}, headers=headers))
    alice.wires += wires
    stolen = {"Cookie": leaving.cookie_header, "Origin": alice.server.url}

    answer = leaving.submit("/chats", "/logout")

    assert answer.status_code in (302, 303)
    wires[0].wait_for("disconnect", timeout=at_most(5))
    assert knock(alice.server, "websocket", headers=stolen).refused_properly
    again = requests.get(
        f"{alice.server.url}/chats",
        headers={"Cookie": stolen["Cookie"]},
        allow_redirects=False,
        timeout=PATIENCE,
    )
    assert again.status_code == 302
    pair.bob.says(pair.id, "still there?")
    assert wires[1].wait_for("message:received")["content"] == "still there?"
    assert wires[0].events("message:received") == []
    assert staying.request("GET", "/chats").status_code == 200
