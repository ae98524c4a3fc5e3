"""Mute, pin and archive by forms, and what the pages count."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from chatapp.core.clock import iso
from chatapp.core.db import now
from tests.support.messages import say
from tests.support.preferences import NONE, let_pass, own
from tests.support.world import register

pytestmark = pytest.mark.database


@pytest.mark.slow
def test_forms_mute_pin_and_archive_and_lead_back(world, path):
    id_, client = world.conversation_id, world.alice.client
    action = f"/chats/{id_}/preferences"

    def press(**button: str) -> dict:
        answer = client.submit(f"/chats/{id_}", action, **button)
        assert answer.status_code == 303, answer.text
        assert answer.headers["Location"] == f"/chats/{id_}"
        return own(world.alice, id_)

    assert press(pinned="true")["pinned_at"]
    assert press(mute="8h")["muted_until"] > iso(now() + timedelta(hours=7))
    assert "muted until" in client.page(f"/chats/{id_}").text
    assert press(mute="off")["muted_until"] is None
    assert press(mute="always")["muted_until"].startswith("9999")
    assert press(notify="mentions")["notify"] == "mentions"
    assert press(notify="account")["notify"] is None
    assert press(archived="true")["archived_at"]
    assert press(archived="false", pinned="false", mute="off") == NONE
    answer = client.submit(f"/chats/{id_}", action, next="//evil.example/", pinned="true")
    assert answer.headers["Location"] == "/"
    assert client.submit(f"/chats/{id_}", action, mute="2h").status_code == 422
    token = world.carol.client.page("/chats").csrf_token
    strange = world.carol.client.post(action, data={"pinned": "true", "csrf_token": token})
    assert strange.status_code == 404


def title(html: str) -> str:
    return re.findall("<title>(.*?)</title>", html)[0]


@pytest.mark.slow
def test_the_title_counts_all_that_isnt_muted(app, world, path):
    say(world.bob, world.conversation_id, "one", "two")
    opened = world.alice.api.post("/api/chat", {"participant_ids": [world.carol.id]}).get_json()
    say(world.carol, opened["id"], "three", "four", "five")
    unread = world.alice.api.get(f"/api/chat/{world.conversation_id}").get_json()["unread_count"]
    assert unread == 2
    client = world.alice.client
    for query in ("", "?filter=groups", "?q=nobody", "?limit=1"):
        assert title(client.get(f"/chats{query}").text).startswith("(5) "), query
    world.alice.api.patch(path, {"notify": "none"})
    assert title(client.get("/chats").text).startswith("(3) ")
    assert "data-silent" in client.get("/chats").text
    assert title(client.get(f"/chats/{world.conversation_id}").text).startswith("(3) "), "silent"
    assert title(client.get(f"/chats/{opened['id']}").text) == "Carol · chatapp"


def test_the_account_says_of_what_one_is_told(app, world, path):
    client, page = world.alice.client, "/settings/notifications"
    assert client.submit(page, notify="mentions").status_code == 303
    assert world.alice.api.get("/api/users/me").get_json()["notify"] == "mentions"
    assert "Default: mentions" in client.page(f"/chats/{world.conversation_id}").text
    assert client.submit(page, notify="some").status_code == 422
    assert world.bob.api.get("/api/users/me").get_json()["notify"] == "all"


def test_what_differs_is_listed_and_lifted(app, world, path):
    client, page = world.alice.client, "/settings/notifications"
    lift = f"/chats/{world.conversation_id}/preferences"
    assert "No conversations are muted" in client.page(page).text
    world.alice.api.patch(path, {"notify": "none", "pinned": True})
    world.bob.api.patch(path, {"notify": "all"})
    assert "Bob Nothing Reset for Bob" in client.page(page).text
    answer = client.submit(page, lift)
    assert (answer.status_code, answer.headers["Location"]) == (303, page)
    assert "No conversations are muted" in client.page(page).text
    assert own(world.alice, world.conversation_id)["pinned_at"]
    until = now() + timedelta(hours=1)
    world.alice.api.patch(path, {"muted_until": iso(until)})
    assert "Muted until" in client.page(page).text
    let_pass(app, world, seconds=1)
    assert "No conversations are muted" in client.page(page).text


@pytest.mark.slow
def test_who_is_online_is_who_one_is_told_of(app, world):
    names = ("Ann", "Ben", "Cleo", "Dan", "Eve", "Flo", "Gus", "Hal")
    others = [register(app, name) for name in names]
    body = {"name": "Crew", "members": [one.id for one in others]}
    assert world.alice.api.post("/api/groups", body).status_code == 201
    assert world.alice.api.post("/api/contacts", {"user_id": others[-1].id}).status_code == 201

    def online() -> list[str]:
        html = world.alice.client.page("/chats").html.partition('id="online"')[2]
        return re.findall(r'title="([^"]+)"', html.partition("</ul>")[0])

    assert online() == []
    people = [*others, world.bob, world.carol, world.alice]
    presence = app.extensions["presence"]
    for one in people:
        presence.add(one.id, one.id)
    try:
        assert online() == ["Hal", "Ann", "Ben", "Bob", "Cleo", "Dan", "Eve"], "contacts first"
        world.alice.api.post(f"/api/users/{others[0].id}/block")
        assert online() == ["Hal", "Ben", "Bob", "Cleo", "Dan", "Eve", "Flo"]
        page = world.alice.client.page("/chats").html
        assert f'<a href="/chats/{world.conversation_id}" title="Bob">' in page
        assert f'action="/people/{others[1].id}/message"' in page
    finally:
        for one in people:
            presence.remove(one.id, one.id)
            presence.expire(one.id, one.id)


@pytest.mark.slow
def test_a_groups_page_has_them_too(world):
    made = world.alice.api.post("/api/groups", {"name": "Crew", "members": [world.bob.id]})
    group = made.get_json()
    page, client = f"/groups/{group['id']}", world.bob.client
    answer = client.submit(page, f"/chats/{group['conversation_id']}/preferences", mute="1w")
    assert (answer.status_code, answer.headers["Location"]) == (303, page)
    assert own(world.bob, group["conversation_id"])["muted_until"]
    assert "Unmute" in client.page(page).text
    assert "Unmute" not in world.alice.client.page(page).text
