"""REQUIRE_VERIFIED_EMAIL: whoever hasn't confirmed their address reads, and doesn't write."""

from __future__ import annotations

import dataclasses

import pytest
from sqlalchemy import update

from chatapp.core.db import atomic
from chatapp.models import User
from chatapp.realtime.dialect import COLON
from tests.support.errors import rest_error
from tests.support.mail import CONFIRM
from tests.support.routes import routes_of
from tests.support.world import register

#: What changes something and is still nobody's business but one's own, beside the auth doors.
ALLOWED = {
    "POST /api/chat/<conversation_id>/read",
    "PATCH /api/chat/<conversation_id>/preferences",
    "POST /chats/<conversation_id>/preferences",
    "DELETE /api/users/me",
}
READING = {"message:read", "conversation:join", "conversation:leave", "typing:stop", "sync"}
WORDS = ("Confirm your email address first", "This is for administrators")
NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def required(app, monkeypatch):
    settings = dataclasses.replace(app.config["SETTINGS"], require_verified_email=True)
    monkeypatch.setitem(app.config, "SETTINGS", settings)


def filled(rule: str) -> str:
    for name in ("conversation_id", "seq"):
        rule = rule.replace(f"<{name}>", "1")
    for name in ("user_id", "group_id", "message_id", "sign_in_id", "link_id"):
        rule = rule.replace(f"<{name}>", NOBODY)
    return rule.replace("<emoji>", "👍").replace("<token>", "x")


@pytest.mark.slow
def test_every_door_that_writes_is_closed(app, required):
    ada = register(app, "Ada")
    csrf_token = ada.client.page("/chats").csrf_token
    for line in sorted(routes_of(app)):
        method, rule = line.split()
        if method == "GET" or rule.startswith(("/api/auth/", "/api/service/")):
            continue
        if rule.startswith("/api/"):
            answer = ada.api.call(method, filled(rule), {})
        else:
            if not rule.startswith(("/chats", "/people", "/groups", "/join")):
                continue  # doors to one's own account
            answer = ada.client.post(filled(rule), data={"csrf_token": csrf_token})
        closed = answer.status_code == 403 and any(words in answer.text for words in WORDS)
        own = line in ALLOWED or rule.startswith("/api/users/me/")
        assert closed != own, (line, answer.status_code, answer.text[:300])


def test_it_says_what_to_do(app, required):
    ada = register(app, "Ada")
    error = rest_error(ada.api.post("/api/groups", {"name": "Crew", "members": []}))
    assert error["code"] == "forbidden"
    assert ada.email in error["message"]
    assert "/verify" in error["message"]


def test_a_page_leads_to_what_to_do(app, required):
    ada = register(app, "Ada")
    refused = ada.client.post(
        "/groups/new", data={"csrf_token": ada.client.page("/chats").csrf_token, "name": "Crew"}
    )
    assert refused.status_code == 403
    assert '<a class="button" href="/verify">Confirm your address</a>' in refused.text
    with app.app_context(), atomic() as work:
        work.execute(update(User).where(User.id == ada.id).values(email=None))
    refused = ada.client.post(
        "/groups/new", data={"csrf_token": ada.client.page("/chats").csrf_token, "name": "Crew"}
    )
    assert '<a class="button" href="/settings/account#email">Add an address</a>' in refused.text


def test_reading_goes_on(app, world, required):
    ada, id_ = world.alice, world.conversation_id
    assert ada.api.get(f"/api/chat/{id_}/messages").status_code == 200
    assert ada.api.post(f"/api/chat/{id_}/read", {"seq": 1}).status_code == 204
    page = ada.client.page(f"/chats/{id_}")
    assert "Confirm your email address to write" in page.html
    assert page.form("/verify/resend")
    assert "disabled" in page.html.split('name="content"')[1].split(">")[0]


@pytest.mark.parametrize("path", ["/chats", "/people", "/settings/account"])
def test_pages_say_so_with_a_button(app, required, path):
    ada = register(app, "Ada")
    page = ada.client.page(path)
    assert f"we sent to {ada.email}" in page.text
    assert page.form("/verify/resend")


def test_afterwards_everything_is_open(app, world, required, mailbox):
    ada, id_ = world.alice, world.conversation_id
    say = {"content": "Hello"}
    path = f"/api/chat/{id_}/messages"
    assert ada.api.post(path, say).status_code == 403
    ada.client.submit(f"/chats/{id_}", "/verify/resend")
    token = mailbox.token(ada.email, CONFIRM)
    assert ada.client.submit(f"/verify?token={token}", "/verify").status_code == 303
    assert ada.api.post(path, say).status_code == 201
    sent = ada.client.submit(f"/chats/{id_}", content="by the page")
    assert sent.status_code == 303
    assert "we sent to" not in ada.client.page(f"/chats/{id_}").text


def test_it_is_off_unless_it_is_asked_for(app, world):
    ada, id_ = world.alice, world.conversation_id
    assert ada.api.post(f"/api/chat/{id_}/messages", {"content": "Hello"}).status_code == 201
    for path in (f"/chats/{id_}", "/people"):
        assert "we sent to" not in ada.client.page(path).text
    assert "not confirmed yet" in ada.client.page("/settings/account").text


def test_who_comes_from_a_service_may_write(app, required):
    ada, bob = register(app, "Ada"), register(app, "Bob")
    with app.app_context(), atomic() as work:
        work.execute(update(User).where(User.id == ada.id).values(external_id="7"))
    assert ada.api.post("/api/chat", {"participant_ids": [bob.id]}).status_code == 201


def test_who_has_no_address_is_told_to_add_one(app, required):
    ada, bob = register(app, "Ada"), register(app, "Bob")
    ada.client.page("/chats")  # signed in, by the address
    with app.app_context(), atomic() as work:
        work.execute(update(User).where(User.id == ada.id).values(email=None))
    refused = ada.api.post("/api/chat", {"participant_ids": [bob.id]})
    assert refused.status_code == 403
    assert "add one" in refused.get_json()["error"]["message"]
    assert "Add one" in ada.client.page("/chats").text


def test_every_event_is_marked_or_closed(app):
    assert {name for name, handler in COLON.handlers.items() if handler.reads} == READING
