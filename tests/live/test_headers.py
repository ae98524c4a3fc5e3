"""Headers of answers that don't come from Flask: Socket.IO's, over a real port."""

from __future__ import annotations

import http.client
import json
import socket

import pytest
import requests

from tests.support.attacks import foreign_origins
from tests.support.headers import faults
from tests.support.people import Person
from tests.support.raw import RawSocket
from tests.support.server import FRIEND_ORIGIN, LiveServer
from tests.support.waiting import PATIENCE

pytestmark = pytest.mark.live

POLLING = "/socket.io/?EIO=4&transport=polling"


def access_control(answer: requests.Response) -> dict[str, str]:
    return {k: v for k, v in answer.headers.items() if k.lower().startswith("access-control-")}


def test_polling_answers_are_as_careful_as_pages(server: LiveServer) -> None:
    opened = requests.get(server.url + POLLING, timeout=PATIENCE)
    assert opened.status_code == 200
    sid = opened.text.partition('"sid":"')[2].partition('"')[0]
    answers = {
        "opened": opened,
        "posted": requests.post(f"{server.url}{POLLING}&sid={sid}", data="40{}", timeout=PATIENCE),
        "polled": requests.get(f"{server.url}{POLLING}&sid={sid}", timeout=PATIENCE),
        "no such session": requests.get(f"{server.url}{POLLING}&sid=x", timeout=PATIENCE),
        "another protocol": requests.get(server.url + "/socket.io/?EIO=3", timeout=PATIENCE),
        "no transport": requests.get(server.url + "/socket.io/", timeout=PATIENCE),
        "another method": requests.put(server.url + POLLING, timeout=PATIENCE),
        "a foreign page": requests.get(
            server.url + POLLING, headers={"Origin": "https://evil.example"}, timeout=PATIENCE
        ),
        "health": requests.get(server.url + "/health", timeout=PATIENCE),
        "head": requests.head(server.url + "/login", timeout=PATIENCE),
    }
    assert {answer.status_code for answer in answers.values()} >= {200, 400}
    for what, answer in answers.items():
        assert faults(answer.headers) == [], what


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (b"GET / HTTP/9.9\r\n\r\n", 400, "bad_request"),
        (b"<script>\r\n\r\n", 400, "bad_request"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 70_000 + b"\r\n\r\n", 431, "too_large"),
    ],
    ids=["another version", "no HTTP", "64 KB of header"],
)
def test_what_is_no_request_is_refused_with_the_same_care(
    server: LiveServer, sent: bytes, status: int, code: str
) -> None:
    host, _, port = server.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=PATIENCE) as line:
        line.sendall(sent)
        answer = http.client.HTTPResponse(line)
        answer.begin()
        assert answer.status == status
        assert faults(dict(answer.getheaders())) == []
        assert json.loads(answer.read())["error"]["code"] == code


def test_a_websocket_still_opens(server: LiveServer) -> None:
    websocket = RawSocket(server)
    assert websocket.status == 101
    websocket.close()


def test_polling_from_other_origins(server: LiveServer) -> None:
    for origin in foreign_origins(server.url):
        asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        for answer in (
            requests.get(server.url + POLLING, headers={"Origin": origin}, timeout=PATIENCE),
            requests.options(server.url + POLLING, headers=asked, timeout=PATIENCE),
        ):
            assert access_control(answer) == {}, origin
    asked = {"Origin": FRIEND_ORIGIN, "Access-Control-Request-Method": "POST"}
    for answer in (
        requests.get(server.url + POLLING, headers={"Origin": FRIEND_ORIGIN}, timeout=PATIENCE),
        requests.options(server.url + POLLING, headers=asked, timeout=PATIENCE),
    ):
        assert access_control(answer)["Access-Control-Allow-Origin"] == FRIEND_ORIGIN
        assert access_control(answer)["Access-Control-Allow-Credentials"] == "true"


def test_calls_from_other_origins(server: LiveServer) -> None:
    alice = Person(server, "Alice")
    for origin in foreign_origins(server.url):
        answer = alice.rest("GET", "/api/users/me", headers={"Origin": origin})
        assert access_control(answer) == {}, origin
    answer = alice.rest("GET", "/api/users/me", headers={"Origin": FRIEND_ORIGIN})
    assert answer.json()["id"] == alice.id
    assert access_control(answer)["Access-Control-Allow-Origin"] == FRIEND_ORIGIN


def test_no_door_answers_to_a_foreign_name(server: LiveServer) -> None:
    """Pages, REST, files, polling and WebSockets alike; health checks by number go on."""
    page = requests.get(server.url + "/login", timeout=PATIENCE).text
    style = page.partition('rel="stylesheet" href="')[2].partition('"')[0]
    foreign = {"Host": "evil.example"}
    for path in ("/", "/login", "/api/users/me", "/health", style, POLLING):
        answer = requests.get(server.url + path, headers=foreign, timeout=PATIENCE)
        assert answer.status_code == 400, path
        assert answer.json()["error"]["code"] == "bad_request"
        assert "evil" not in answer.text
        assert faults(answer.headers) == [], path
    socket = RawSocket(server, host="evil.example")
    assert socket.status == 400
    socket.close()
    assert requests.get(server.url + "/health", headers={"Host": "10.0.0.7"}, timeout=PATIENCE).ok
