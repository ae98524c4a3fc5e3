"""A form that was refused comes back with the focus where one goes on: a page may be long."""

from __future__ import annotations

import re

from tests.support.pages import PageClient
from tests.support.world import PASSWORD, register


def focused(page: str) -> str | None:
    """The id of what a browser gives the focus to: the first that asks for it."""
    found = re.search(r"<(?:input|textarea|select)[^>]* autofocus[ >][^>]*", page)
    return re.search(r'id="([^"]+)"', found[0])[1] if found else None


def test_a_wrong_password_far_down_the_page(app):
    ada = register(app, "Ada").client
    assert focused(ada.get("/settings/account").text) is None
    path = "/settings/account"
    wrong = {"current_password": "wrong", "password": "a good password"}
    assert focused(ada.submit(path, f"{path}/password", **wrong).text) == "current-password"
    short = {"current_password": PASSWORD, "password": "short"}
    assert focused(ada.submit(path, f"{path}/password", **short).text) == "new-password"
    other = {"email": "other@example.org", "password": "wrong"}
    assert focused(ada.submit(path, f"{path}/email", **other).text) == "email-password"
    path = "/settings/data"
    answer = ada.submit(path, f"{path}/delete", password="wrong", sure="yes")
    assert focused(answer.text) == "delete-password"


def test_signing_in_and_up(app):
    register(app, "Ada")
    client = PageClient(app)
    assert focused(client.get("/login").text) == "email"
    answer = client.submit("/login", email="ada", password="wrong")
    assert focused(answer.text) == "password", "the name is there already"
    assert focused(client.get("/register").text) == "name"
    taken = {"name": "Ada", "email": "ada@example.org", "password": PASSWORD}
    assert focused(client.submit("/register", **taken).text) == "email"


def test_a_text_that_is_too_long(app):
    ada = register(app, "Ada").client
    answer = ada.submit("/settings/profile", description="x" * 3000)
    assert focused(answer.text) == "description"
