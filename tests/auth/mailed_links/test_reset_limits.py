"""Password resets and pauses after wrong passwords: what lifts them, and how often one may ask."""

from __future__ import annotations

import pytest

from chatapp.security import attempt_rules
from tests.support.errors import rest_error
from tests.support.mail import RESET
from tests.support.pages import PageClient
from tests.support.password_reset import NEW, logs_in, reset
from tests.support.world import PASSWORD, register


@pytest.fixture
def limited(app):
    app.extensions["rate_limiter"].configure(True)
    yield
    app.extensions["rate_limiter"].configure(False)


def test_a_reset_lifts_the_pause(app, nobody, forgotten, limited):
    ada = register(app, "Ada")
    for _ in range(6):
        logs_in(nobody, ada.email, "wrong")
    assert not logs_in(nobody, ada.email, PASSWORD)
    assert reset(nobody, forgotten(ada)).status_code == 204
    assert logs_in(nobody, ada.email, NEW)


def test_a_reset_lifts_the_pause_of_the_own_browser(app, nobody, forgotten, limited):
    ada = register(app, "Ada")
    own = PageClient(app)
    own.submit("/login", email=ada.email, password=PASSWORD)
    own.submit("/chats", "/logout")
    for _ in range(5):
        assert own.submit("/login", email=ada.email, password="wrong").status_code == 401
    assert own.submit("/login", email=ada.email, password=PASSWORD).status_code == 429
    assert reset(nobody, forgotten(ada)).status_code == 204
    assert own.submit("/login", email=ada.email, password=NEW).status_code == 303


@pytest.mark.parametrize("door", ["page", "rest"])
def test_guessing_does_not_lock_the_owner_out_after_a_reset(app, nobody, forgotten, limited, door):
    ada, own = register(app, "Ada"), PageClient(app)
    token = forgotten(ada)
    if door == "page":
        answer = own.submit(f"/reset?token={token}", "/reset", password=NEW)
    else:
        answer = own.post("/api/auth/password/reset", json={"token": token, "password": NEW})
    assert answer.status_code in (204, 303)
    for _ in range(6):
        logs_in(nobody, ada.email, "wrong")
    assert not logs_in(nobody, ada.email, NEW), "locked elsewhere"
    assert own.submit("/login", email=ada.email, password=NEW).status_code == 303


def test_one_address_gets_5_mails_an_hour_without_an_error(app, nobody, mailbox, drained, limited):
    ada = register(app, "Ada")
    for _ in range(7):
        answer = nobody.post("/api/auth/password/forgot", {"email": ada.email})
        assert answer.status_code == 202
        drained()
    assert len(mailbox.to(ada.email, RESET)) == 5


def test_mails_per_network_are_limited(app, nobody, client, limited):
    path = "/api/auth/password/forgot"
    asked = [
        nobody.post(path, {"email": f"nobody{n}@example.org"})
        for n in range(attempt_rules.MAILS.most + 1)
    ]
    assert {answer.status_code for answer in asked[:-1]} == {202}
    assert rest_error(asked[-1])["code"] == "rate_limited"
    assert int(asked[-1].headers["Retry-After"]) > 0
    page = client.submit("/forgot", email="ada@example.org")
    assert page.status_code == 429
    assert "Many mails were asked for" in page.text


@pytest.mark.slow
def test_guessing_links_is_limited(app, nobody, client, forgotten, limited):
    ada = register(app, "Ada")
    token = forgotten(ada)
    for n in range(attempt_rules.LINKS.most):
        assert reset(nobody, f"guess-{n}").status_code == 422
    assert rest_error(reset(nobody, token))["code"] == "rate_limited"
    verify = nobody.post("/api/auth/verify", {"token": "x"})
    assert rest_error(verify)["code"] == "rate_limited"
    page = client.submit(f"/reset?token={token}", "/reset", password=NEW)
    assert page.status_code == 429
    assert "Too many links" in page.text
