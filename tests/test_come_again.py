"""Every page that says "not so soon" says when, in Retry-After."""

from __future__ import annotations

from collections.abc import Iterator

import flask
import pytest

from chatapp import limits
from chatapp.auth import lockout
from tests.support.pages import PageClient
from tests.world import PASSWORD, World

NETWORK = "127.0.0.1"


@pytest.fixture(autouse=True)
def limited(app: flask.Flask) -> Iterator[None]:
    limits.configure(True)
    yield
    limits.configure(False)


def use_up(app: flask.Flask, quota: lockout.Quota, subject: str = NETWORK) -> None:
    with app.app_context():
        while lockout.allows(quota, subject):
            pass


@pytest.mark.parametrize(
    ("quota", "page", "fields"),
    [
        (lockout.MAILS, "/forgot", {"email": "ada@example.org"}),
        (lockout.LINKS, "/reset", {"token": "x", "password": "a new password of mine"}),
        (lockout.LINKS, "/verify", {"token": "x"}),
        (lockout.FAILURES, "/login", {"email": "ada@example.org", "password": PASSWORD}),
        (
            lockout.REGISTRATIONS,
            "/register",
            {"email": "ada@example.org", "password": PASSWORD, "name": "Ada"},
        ),
    ],
)
def test_for_anybody(app, client: PageClient, quota, page, fields):
    use_up(app, quota)
    token = client.page("/login").form("/login").fields["csrf_token"]
    answer = client.post(page, data={"csrf_token": token, **fields})
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 3600


def test_for_who_confirms_by_password(world: World):
    client, fields = world.alice.client, {"email": "new@example.org", "password": "wrong"}
    for _ in range(5):
        assert client.submit("/settings/account", "/settings/account/email", **fields).status_code
    answer = client.submit("/settings/account", "/settings/account/email", **fields)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 900
