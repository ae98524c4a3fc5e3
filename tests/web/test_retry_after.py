"""Every page that says "not so soon" says when, in Retry-After."""

from __future__ import annotations

from collections.abc import Iterator

import flask
import pytest

from chatapp.security import attempt_limits, attempt_rules
from tests.support.pages import PageClient
from tests.support.world import PASSWORD, World

NETWORK = "127.0.0.1"


@pytest.fixture(autouse=True)
def limited(app: flask.Flask) -> Iterator[None]:
    app.extensions["rate_limiter"].configure(True)
    yield
    app.extensions["rate_limiter"].configure(False)


def use_up(app: flask.Flask, quota: attempt_rules.Quota, subject: str = NETWORK) -> None:
    with app.app_context():
        while attempt_limits.try_spend(quota, subject):
            pass


@pytest.mark.parametrize(
    ("quota", "page", "fields"),
    [
        (attempt_rules.MAILS, "/forgot", {"email": "ada@example.org"}),
        (attempt_rules.LINKS, "/reset", {"token": "x", "password": "a new password of mine"}),
        (attempt_rules.LINKS, "/verify", {"token": "x"}),
        (attempt_rules.FAILURES, "/login", {"email": "ada@example.org", "password": PASSWORD}),
        (
            attempt_rules.REGISTRATIONS,
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
