"""Whose address it is: what proxies say counts as far as they are trusted, and no further."""

from __future__ import annotations

from collections.abc import Callable

import flask
import pytest

from chatapp.security import client_address
from chatapp.security.client_address import network

FORGED = {
    "X-Forwarded-For": "6.6.6.6, 203.0.113.7, 10.0.0.2",
    "X-Forwarded-Proto": "https, https, http",
    "X-Forwarded-Host": "evil.example, chat.example, inner.example",
}


@pytest.fixture
def seen() -> Callable[..., tuple[str, str, str]]:
    """`seen(count, headers)`: address, scheme and host that a view sees behind so many proxies."""

    def ask(count: int, headers: dict[str, str]) -> tuple[str, str, str]:
        app = flask.Flask(__name__)
        app.wsgi_app = client_address.trust_proxies(app.wsgi_app, count)

        @app.get("/")
        def view() -> list[str]:
            return [flask.request.remote_addr or "", flask.request.scheme, flask.request.host]

        answer = app.test_client().get("/", headers=headers)
        return tuple(answer.json)

    return ask


def test_without_a_proxy_nothing_is_believed(seen):
    assert seen(0, FORGED) == ("127.0.0.1", "http", "localhost")


def test_one_proxy_is_believed_about_the_last_entry(seen):
    assert seen(1, FORGED) == ("10.0.0.2", "http", "inner.example")


def test_two_proxies_are_believed_about_the_last_but_one(seen):
    assert seen(2, FORGED) == ("203.0.113.7", "https", "chat.example")


def test_fewer_entries_than_proxies_are_nobodys(seen):
    assert seen(2, {"X-Forwarded-For": "6.6.6.6"}) == ("127.0.0.1", "http", "localhost")


@pytest.mark.parametrize(
    ("said", "address"),
    [
        ("203.0.113.7:51234", "203.0.113.7"),
        ("[2001:db8::1]:51234", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("unknown:1", "unknown:1"),
    ],
)
def test_a_port_is_no_part_of_an_address(seen, said, address):
    assert seen(1, {"X-Forwarded-For": f"6.6.6.6, {said}"})[0] == address


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::ffff", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
        ("unknown", "unknown"),
        (None, ""),
    ],
)
def test_what_counts_as_one_address(address, counted):
    assert network(address) == counted
