"""A browser that was let in before is not locked out by strangers."""

from __future__ import annotations

import pytest

from tests.support.guessing import WRONG, lock
from tests.support.pages import PageClient
from tests.support.world import PASSWORD, register

pytestmark = pytest.mark.database


@pytest.mark.slow
def test_a_browser_that_was_let_in_before_is_not_locked_out(app, ada, limited, clock):
    known = PageClient(app)
    known.submit("/login", email=ada.email, password=PASSWORD)
    known.submit("/chats", "/logout")
    lock(app, ada.email)
    assert known.submit("/login", email=ada.email, password=PASSWORD).status_code == 303
    known.submit("/chats", "/logout")
    for _ in range(5):
        assert known.submit("/login", email=ada.email, password=WRONG).status_code == 401
    locked = known.submit("/login", email=ada.email, password=PASSWORD)
    assert locked.status_code == 429, "but it may not guess without end either"
    clock.wait(31)
    assert known.submit("/login", email=ada.email, password=PASSWORD).status_code == 303


def test_a_device_is_known_for_its_own_account_only(app, ada, limited):
    bob = register(app, "Bob")
    known = PageClient(app)
    known.submit("/login", email=bob.email, password=PASSWORD)
    known.submit("/chats", "/logout")
    lock(app, ada.email)
    assert known.submit("/login", email=ada.email, password=PASSWORD).status_code == 429


@pytest.mark.parametrize("value", ["", "x", "eyJhIjoxfQ.x.x", '["a","b"].Zm9v.Zm9v'])
def test_a_forged_device_is_unknown(app, ada, limited, value):
    lock(app, ada.email)
    forger = PageClient(app)
    forger.set_cookie("chatapp_device", value)
    assert forger.submit("/login", email=ada.email, password=PASSWORD).status_code == 429


def test_the_device_cookie_is_for_the_server_alone(app, ada):
    answer = PageClient(app).submit("/login", email=ada.email, password=PASSWORD)
    (cookie,) = [c for c in answer.headers.getlist("Set-Cookie") if c.startswith("chatapp_device")]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert ada.email not in cookie
