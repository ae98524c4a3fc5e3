"""One's own data: download it, deactivate oneself, delete oneself."""

from __future__ import annotations

import io
import json
import re
import tracemalloc
import zipfile
from html.parser import HTMLParser

import pytest
from sqlalchemy import insert

from chatapp.auth.admin.accounts import set_administrator
from chatapp.core.db import atomic, db, now, uuid7
from chatapp.models import Conversation, Message
from tests.support.pages import PageClient
from tests.support.world import PASSWORD, Api, register

pytestmark = pytest.mark.database

XSS = '<script>alert(1)</script><img src=x onerror=alert(1)> "quoted" & more'


def download(person) -> zipfile.ZipFile:
    answer = person.api.get("/api/users/me/data")
    assert answer.status_code == 200, answer.text
    assert answer.mimetype == "application/zip"
    assert f"chatapp-{person.username}-" in answer.headers["Content-Disposition"]
    assert "no-store" in answer.headers["Cache-Control"]
    archive = zipfile.ZipFile(io.BytesIO(answer.data))
    assert archive.testzip() is None
    return archive


def load(archive: zipfile.ZipFile, name: str):
    return json.loads(archive.read(name))


def says(person, conversation_id: int, content: str) -> dict:
    sent = person.api.post(f"/api/chat/{conversation_id}/messages", {"content": content})
    assert sent.status_code == 201
    return sent.get_json()


class Outside(HTMLParser):
    """What a page would fetch, and what it would run."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple] = []

    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            if name in ("src", "srcset", "style", "background") or name.startswith("on"):
                self.found.append((tag, name, value))
        if tag in ("script", "img", "link", "iframe", "object", "base", "form"):
            self.found.append((tag,))


def test_the_contents_of_an_export(world):
    archive = download(world.alice)
    name = f"conversations/{world.conversation_id}"
    assert set(archive.namelist()) == {
        *("index.html", "profile.json", "elsewhere.json", "elsewhere.html"),
        *(f"{name}.json", f"{name}.html"),
    }
    profile = load(archive, "profile.json")
    assert profile["account"]["email"] == world.alice.email
    assert [one["current"] for one in profile["sign_ins"]] == [True]
    data = load(archive, f"{name}.json")
    assert data["messages"] == [
        world.alice.api.get(f"/api/messages/{one['id']}").get_json() for one in world.messages
    ]
    assert data["conversation"]["id"] == world.conversation_id
    index, page = (archive.read(one).decode() for one in ("index.html", f"{name}.html"))
    assert f'href="{name}.html"' in index
    assert "3 messages" in index
    assert "Hello Bob" in page
    assert "Bob" in page


def test_contacts_and_profile_fields(world):
    world.alice.api.post("/api/contacts", {"user_id": world.carol.id})
    world.bob.api.post("/api/contacts", {"user_id": world.alice.id})
    said = {"description": "Counts", "phone_number": "+1 555 0100", "notify": "mentions"}
    world.alice.api.patch("/api/users/me", {**said, "hide_last_seen": True})
    archive = download(world.alice)
    facts = load(archive, "profile.json")
    assert {name: facts["account"][name] for name in said} == said
    assert facts["account"]["hide_last_seen"] is True
    (contact,) = facts["contacts"]
    assert contact["user_id"] == world.carol.id
    assert set(contact) == {"user_id", "username", "name", "created_at"}
    assert "Carol</span> · @carol" in archive.read("index.html").decode()


def test_an_export_has_nothing_from_others(world):
    """Carol sees nothing of Alice's and Bob's, and no password's hash is anywhere."""
    archive = download(world.carol)
    everything = {name: archive.read(name).decode() for name in archive.namelist()}
    assert set(everything) == {"index.html", "profile.json", "elsewhere.json", "elsewhere.html"}
    for text in everything.values():
        assert "Hello" not in text
        assert world.alice.email not in text
    mine = download(world.alice)
    for one in mine.namelist():
        text = mine.read(one).decode()
        assert "argon2" not in text
        assert world.bob.email not in text
        assert world.alice.token not in text


def test_pages_stand_alone_and_run_nothing(world):
    says(world.bob, world.conversation_id, XSS)
    says(world.bob, world.conversation_id, f"**bold** [link](https://x.example) {XSS}")
    says(world.bob, world.conversation_id, "![picture](https://x.example/x.png)")
    says(world.bob, world.conversation_id, "Dear @alice")
    archive = download(world.alice)
    for name in archive.namelist():
        if name.endswith(".html"):
            text = archive.read(name).decode()
            reader = Outside()
            reader.feed(text)
            assert reader.found == [], name
            assert "default-src 'none'" in text
    page = archive.read(f"conversations/{world.conversation_id}.html").decode()
    assert "&lt;script&gt;alert(1)" in page
    assert "<strong>bold</strong>" in page
    assert ">@Alice</a>" in page
    assert 'href="/' not in page


def test_names_are_escaped(app):
    answer = Api(app, None).post(
        "/api/auth/register",
        {"email": "eve@example.org", "password": PASSWORD, "name": "<script>x</script>"},
    )
    eve = register(app, "Frank")
    eve.token = answer.get_json()["token"]
    eve.username = answer.get_json()["user"]["username"]
    eve.api.post("/api/groups", {"name": "<img src=x>", "members": []})
    archive = download(eve)
    for name in archive.namelist():
        if name.endswith(".html"):
            assert "<script>" not in archive.read(name).decode()
            assert "<img" not in archive.read(name).decode()


def test_deleted_messages_and_messages_in_left_conversations(world):
    made = world.bob.api.post("/api/groups", {"name": "Crew", "members": [world.alice.id]})
    group = made.get_json()
    room = group["conversation_id"]
    own = says(world.alice, room, "mine in the crew")
    gone = says(world.alice, room, "taken back")
    world.alice.api.delete(f"/api/messages/{gone['id']}")
    says(world.bob, room, "bob in the crew")
    world.alice.api.delete(f"/api/groups/{group['id']}/members/{world.alice.id}")
    says(world.bob, room, "after she left")
    assert world.bob.api.put(f"/api/messages/{own['id']}/reactions/👍").status_code == 200
    archive = download(world.alice)
    assert f"conversations/{room}.json" not in archive.namelist()
    elsewhere = load(archive, "elsewhere.json")["messages"]
    assert [one["content"] for one in elsewhere] == ["mine in the crew"]
    (mine,) = elsewhere
    assert mine["read_at"] is None, "bob read it after she left: his own business"
    assert mine["updated_at"] == mine["created_at"]
    assert "1 message of yours" in archive.read("index.html").decode()
    theirs = load(download(world.bob), f"conversations/{room}.json")["messages"]
    assert None in [one["content"] for one in theirs]
    assert "taken back" not in str(theirs)


@pytest.fixture
def long_history(app, world) -> int:
    """Alice's and Bob's conversation with 1,503 long messages in it."""
    count = 1_500
    rows = [
        {
            "id": uuid7(),
            "conversation_id": world.conversation_id,
            "seq": 4 + number,
            "version": 100 + number,
            "sender_id": world.bob.id,
            "type": "text",
            "content": f"number {number} " + "x" * 4000,
            "created_at": now(),
            "updated_at": now(),
        }
        for number in range(count)
    ]
    with app.app_context(), atomic() as work:
        for start in range(0, count, 500):
            work.execute(insert(Message), rows[start : start + 500])
        conversation = work.get_one(Conversation, world.conversation_id)
        conversation.last_seq, conversation.version = 3 + count, 100 + count
    return 3 + count


@pytest.mark.slow
def test_memory_does_not_grow_with_the_export(app, world, long_history):
    from chatapp.models import User
    from chatapp.user.export import export

    with app.test_request_context():
        user = db.session.get_one(User, world.alice.id)
        tracemalloc.start()
        export(user, "").close()
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert most < 5_000_000, "of 12 MB that were written"
    data = load(download(world.alice), f"conversations/{world.conversation_id}.json")
    assert [one["seq"] for one in data["messages"]] == list(range(1, long_history + 1))


@pytest.mark.slow
def test_exports_per_hour_are_limited(app, world):
    app.extensions["rate_limiter"].configure(True)
    try:
        answers = [world.alice.api.get("/api/users/me/data").status_code for _ in range(6)]
        assert answers == [200] * 5 + [429]
        assert world.bob.api.get("/api/users/me/data").status_code == 200
        page = world.alice.client.get("/settings/data/download")
        assert page.status_code == 429
        assert "Try again in" in page.text
    finally:
        app.extensions["rate_limiter"].configure(False)


def test_the_start_page_leads_to_setup(world):
    page = world.alice.client.page("/settings/data")
    assert "/settings/data/download" in page.html
    answer = world.alice.client.get("/settings/data/download")
    assert answer.mimetype == "application/zip"
    assert 'href="/settings/data"' in world.alice.client.page("/settings/account").html


# --- leaving


def test_deactivating_the_own_account(app, world):
    browser = world.alice.client
    wrong = browser.submit("/settings/data", "/settings/data/deactivate", password="not it")
    assert wrong.status_code == 403
    assert "That password is incorrect" in wrong.text
    missing = browser.submit("/settings/data", "/settings/data/deactivate", password="")
    assert missing.status_code == 422
    done = browser.submit("/settings/data", "/settings/data/deactivate", password=PASSWORD)
    assert done.status_code == 303
    assert "Your account has been deactivated" in browser.page(done.headers["Location"]).text
    assert browser.get("/chats").status_code == 302
    assert world.alice.api.get("/api/users/me").status_code == 401, "every sign-in has ended"
    refused = browser.submit("/login", email=world.alice.email, password=PASSWORD)
    assert refused.status_code == 403
    assert "Ask an administrator" in refused.text
    people = world.bob.api.get(f"/api/chat/{world.conversation_id}").get_json()["participants"]
    assert len(people) == 2, "memberships stay"


def test_deactivating_the_own_account_over_rest(app, world):
    path = "/api/users/me/deactivate"
    assert world.alice.api.post(path, {"password": "not it"}).status_code == 403
    assert world.alice.api.post(path, {}).status_code == 422
    assert world.alice.api.post(path, {"password": PASSWORD}).status_code == 204
    assert world.alice.api.get("/api/users/me").status_code == 401
    with app.app_context():
        set_administrator(world.carol.id, True)
    world.carol.api.patch(f"/api/users/{world.alice.id}", {"is_active": True})
    body = {"email": world.alice.email, "password": PASSWORD}
    assert Api(app, None).post("/api/auth/login", body).status_code == 200


def test_deleting_the_own_account(world):
    browser = world.alice.client
    page = browser.page("/settings/data")
    assert "This can’t be undone" in page.text
    action = "/settings/data/delete"
    unsure = browser.submit("/settings/data", action, password=PASSWORD, sure="")
    assert unsure.status_code == 422
    wrong = browser.submit("/settings/data", action, password="not it", sure="yes")
    assert wrong.status_code == 403
    done = browser.submit("/settings/data", action, password=PASSWORD, sure="yes")
    assert done.status_code == 303
    assert "Your account has been deleted" in browser.page(done.headers["Location"]).text
    assert browser.submit("/login", email=world.alice.email, password=PASSWORD).status_code == 401
    shown = world.bob.api.get(f"/api/chat/{world.conversation_id}").get_json()
    assert shown["name"] == "Deleted user"


def test_the_last_administrator_cannot_leave(app, world):
    with app.app_context():
        set_administrator(world.alice.id, True)
    body = {"password": PASSWORD}
    for method, path in (("POST", "/api/users/me/deactivate"), ("DELETE", "/api/users/me")):
        refused = world.alice.api.call(method, path, body)
        assert refused.status_code == 409
        assert "only administrator" in refused.get_json()["error"]["message"]
    with app.app_context():
        set_administrator(world.bob.id, True)
    assert world.alice.api.delete("/api/users/me", body).status_code == 204


def test_leaving_needs_the_forms_token(world):
    """A page elsewhere can't do it: the form's token is needed."""
    stranger = PageClient(world.alice.app)
    for path in ("/settings/data/deactivate", "/settings/data/delete"):
        assert stranger.post(path, data={"password": PASSWORD}).status_code in (401, 403)
        refused = world.alice.client.post(path, data={"password": PASSWORD, "sure": "yes"})
        assert refused.status_code == 403
    assert world.alice.api.get("/api/users/me").status_code == 200
    assert not re.search(r"<form[^>]*method=\"get\"", world.alice.client.get("/settings/data").text)


def test_a_group_by_the_name_of_the_last_page_links_home_like_any_other(world):
    made = world.alice.api.post("/api/groups", {"name": "Conversations you left", "members": []})
    archive = download(world.alice)
    for name in archive.namelist():
        if name.endswith(".html") and name != "index.html":
            up = "../" if "/" in name else ""
            assert f'href="{up}index.html"' in archive.read(name).decode(), name
    assert f"conversations/{made.get_json()['conversation_id']}.html" in archive.namelist()
