"""The tokens of forms: of visitors, who have no session, and of people who are signed in."""

from __future__ import annotations

import pytest

from tests.support.html import Page
from tests.support.pages import PageClient
from tests.support.world import PASSWORD


def login(client, who, token, **headers):
    given = {"email": who.email, "password": PASSWORD, "csrf_token": token}
    return client.post("/login", data=given, headers=headers)


def token_on(client, path="/login"):
    return client.page(path).csrf_token


def test_a_visitor_signs_in_by_the_form_that_they_were_shown(client, world):
    assert login(client, world.alice, token_on(client)).status_code == 303
    assert client.get("/chats").status_code == 200


@pytest.mark.parametrize("token", ["", "x", "é", "ImEi.x.y"])
def test_no_other_token_counts(client, world, token):
    token_on(client)
    assert login(client, world.alice, token).status_code == 403


def test_another_site_cannot_sign_a_visitor_in(app, client, world):
    """It has a token of its own, but can neither read nor set the visitor's cookie."""
    own = token_on(PageClient(app))
    assert login(client, world.alice, own).status_code == 403, "without any cookie"
    token_on(client)
    assert login(client, world.alice, own).status_code == 403, "with the visitor's"


def test_a_cookie_that_we_did_not_sign_does_not_count(client, world):
    token = token_on(client)
    client.set_cookie("chatapp_csrf", "InBsYW50ZWQi.x.y")
    assert login(client, world.alice, token).status_code == 403


def test_the_cookie_is_no_token(client, world):
    token_on(client)
    cookie = client.get_cookie("chatapp_csrf").value
    assert login(client, world.alice, cookie).status_code == 403


def test_scripts_and_other_sites_do_not_get_the_cookie(client):
    answer = client.get("/login")
    cookie = next(c for c in answer.headers.getlist("Set-Cookie") if c.startswith("chatapp_csrf="))
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie


def test_two_tabs_both_work(client, world):
    first, second = token_on(client), token_on(client, "/register")
    assert login(client, world.alice, "").status_code == 403
    assert login(client, world.alice, first).status_code == 303
    other = token_on(client, "/chats")
    assert client.post("/logout", data={"csrf_token": other}).status_code == 303
    assert login(client, world.alice, second).status_code == 303


def test_signing_in_gives_another_token(client, world):
    visitor = token_on(client)
    login(client, world.alice, visitor)
    refused = client.post("/logout", data={"csrf_token": visitor})
    assert refused.status_code == 403
    assert "out of date" in Page(refused.text).text
    own = token_on(client, "/chats")
    assert client.post("/logout", data={"csrf_token": own}).status_code == 303


def test_a_refused_form_can_be_posted_again(client, world):
    given = {"email": world.alice.email, "password": "wrong", "csrf_token": token_on(client)}
    again = Page(client.post("/login", data=given).text)
    assert login(client, world.alice, again.csrf_token).status_code == 303


def test_a_script_sends_it_as_a_header(client, world):
    token = token_on(client)
    given = {"email": world.alice.email, "password": PASSWORD}
    answer = client.post("/login", data=given, headers={"X-CSRF-Token": token})
    assert answer.status_code == 303
