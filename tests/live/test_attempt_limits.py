"""Guessing over a real port: no door, address or restart gains tries. RATE_LIMITS=on."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, closing

import pytest
import requests

from tests.support.cast import Register
from tests.support.errors import rest_error
from tests.support.people import PASSWORD, WebSession, at_once
from tests.support.raw import RawSocket
from tests.support.server import LiveServer
from tests.support.waiting import PATIENCE, wait_until

pytestmark = pytest.mark.live

WRONG = "not the password"


@pytest.fixture(scope="module")
def direct(new_server: Callable[..., LiveServer]) -> LiveServer:
    """People reach it without a proxy."""
    return new_server(RATE_LIMITS="on")


@pytest.fixture(scope="module")
def proxied(new_server: Callable[..., LiveServer]) -> LiveServer:
    """One proxy stands in front of it: the tests are that proxy."""
    return new_server(RATE_LIMITS="on", TRUSTED_PROXIES="1", ALLOWED_HOSTS="chat.example")


def log_in(server: LiveServer, name: str, password: str, forwarded: str = "") -> requests.Response:
    return requests.post(
        f"{server.url}/api/auth/login",
        json={"email": name, "password": password},
        headers={"X-Forwarded-For": forwarded} if forwarded else {},
        timeout=PATIENCE,
    )


@pytest.mark.database
def test_locked_alike_at_every_door_and_after_a_restart(
    direct: LiveServer, register: Register
) -> None:
    ada = register(direct, "Ada")
    wrong = at_once([lambda: log_in(direct, ada.email, WRONG)] * 15)
    assert sorted(answer.status_code for answer in wrong) == [401] * 5 + [429] * 10
    direct.restart()
    for name in (ada.email, ada.username, ada.email.upper()):
        right = log_in(direct, name, PASSWORD)
        assert rest_error(right)["code"] == "rate_limited"
        assert 0 < int(right.headers["Retry-After"]) <= 30
    page = WebSession(direct).submit("/login", email=ada.email, password=PASSWORD)
    assert page.status_code == 429
    assert 0 < int(page.headers["Retry-After"]) <= 30
    assert "or reset your password" in page.text
    assert ada.get("/api/users/me")["id"] == ada.id, "who is signed in stays so"


def test_the_log_names_request_and_person_and_no_secret(
    direct: LiveServer, register: Register
) -> None:
    ada = register(direct, "Ada")
    answers = {
        "sign-in failed": log_in(direct, ada.email, "hunter2 hunter2"),
        "signed in": log_in(direct, ada.email, PASSWORD),
    }
    lines = [line for line in direct.log().splitlines() if " chatapp.auth [" in line]
    for event, answer in answers.items():
        (line,) = [one for one in lines if f"[{answer.headers['X-Request-ID']}]" in one]
        assert f" {event} user_id={ada.id}" in line
        assert "address=127.0.0.1" in line
    token = answers["signed in"].json()["token"]
    for secret in ("hunter2", PASSWORD, token, ada.token):
        assert secret not in direct.log()
    assert ada.email not in str(lines)


def test_a_stranger_does_not_lock_out_the_browser_that_was_here_before(
    direct: LiveServer, register: Register
) -> None:
    ada = register(direct, "Ada")
    browser = ada.web()
    browser.submit("/chats", "/logout")
    for _ in range(6):
        stranger = log_in(direct, ada.email, WRONG)
    assert stranger.status_code == 429
    assert browser.submit("/login", email=ada.email, password=PASSWORD).status_code == 303


def test_a_forged_address_gains_nothing(direct: LiveServer) -> None:
    """Waiting sockets are counted by address: here the test's own, whatever it claims."""
    with ExitStack() as lines:

        def status(number: int, header: str = "X-Forwarded-For") -> int:
            headers = f"{header}: 203.0.113.{number}\r\n"
            return lines.enter_context(closing(RawSocket(direct, headers=headers))).status

        assert [status(number) for number in range(50)] == [101] * 50
        for header in ("X-Forwarded-For", "X_Forwarded_For", "X-Real-IP", "Forwarded"):
            assert status(200, header) == 429, header


def test_an_address_fails_at_many_accounts(proxied: LiveServer, register: Register) -> None:
    ada = register(proxied, "Ada")

    def fail(number: int) -> int:
        # The client may write what it likes before what the proxy adds.
        forwarded = f"198.51.100.{number}, 2001:db8:7:7::{number:x}"
        return log_in(proxied, f"nobody{number}@example.org", WRONG, forwarded).status_code

    answers = at_once([lambda number=number: fail(number) for number in range(1, 61)], workers=4)
    assert answers == [401] * 60
    assert log_in(proxied, ada.email, PASSWORD, "2001:db8:7:7::ffff").status_code == 429
    assert log_in(proxied, ada.email, PASSWORD, "2001:db8:7:8::1").status_code == 200
    assert log_in(proxied, ada.email, PASSWORD, "203.0.113.5").status_code == 200


def test_the_gate_counts_the_address_that_the_proxy_names(proxied: LiveServer) -> None:
    with ExitStack() as lines:

        def status(forwarded: str) -> int:
            headers = f"X-Forwarded-For: {forwarded}\r\n"
            return lines.enter_context(closing(RawSocket(proxied, headers=headers))).status

        assert [status(f"203.0.113.{n}, 192.0.2.1") for n in range(51)] == [101] * 50 + [429]
        assert status("192.0.2.1, 192.0.2.2") == 101
        assert [status(f"2001:db8::{n:x}") for n in range(51)] == [101] * 50 + [429]
        assert status("2001:db8:0:1::1") == 101


def test_what_a_proxy_says_of_scheme_and_host(proxied: LiveServer, direct: LiveServer) -> None:
    """A page of ours is one whose origin is the host it was asked for."""
    headers = (
        "Origin: https://chat.example\r\nX-Forwarded-Proto: https\r\n"
        "X-Forwarded-Host: chat.example\r\nX-Forwarded-For: 192.0.2.50\r\n"
    )
    with closing(RawSocket(proxied, headers=headers)) as line:
        assert line.status == 101
    refused = wait_until(
        lambda: [s for s in [_status(direct, headers)] if s != 429], "other tests' lines are gone"
    )
    assert refused == [400]


def _status(server: LiveServer, headers: str) -> int:
    with closing(RawSocket(server, headers=headers)) as line:
        return line.status
