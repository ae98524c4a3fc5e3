"""Columns that nobody sets by naming them: through every door that takes fields.

Each is named in JSON (also nested, also twice), in forms (also as `user[…]`) and in the query.
"""

from __future__ import annotations

import json
from datetime import timedelta
from urllib.parse import urlencode
from uuid import UUID

import pytest
from sqlalchemy import inspect, select

from chatapp.core.db import db, now
from chatapp.models import Conversation, Message, User
from tests.support.html import Page
from tests.support.pages import PageClient
from tests.support.world import PASSWORD, Api

NOBODY = str(UUID(int=0))
#: What people may say of themselves, where a door is there for it; and what moves by itself.
ONES_OWN = {
    *("name", "username", "description", "resume_link", "role", "profile_picture", "phone_number"),
    *("theme_mode", "theme_color", "background_image", "theme"),
    *("enter_sends", "hide_last_seen", "hide_read_receipts", "notify"),
    *("last_login", "last_seen", "updated_at"),
}
PLANTED = {
    "id": NOBODY,
    "email": "planted@example.org",
    "password_hash": "planted",
    "external_id": "planted",
    "is_active": False,
    "is_staff": True,
    "is_superuser": True,
    "date_joined": "2001-01-01T00:00:00.000Z",
    "created_at": "2001-01-01T00:00:00.000Z",
    "deleted_at": "2001-01-01T00:00:00.000Z",
    "email_verified_at": "2001-01-01T00:00:00.000Z",
    "email_verified": True,
    "user_id": NOBODY,
    "sender_id": NOBODY,
    "created_by": NOBODY,
    "seq": 1000,
    "version": 1000,
    "last_seq": 1000,
    "conversation_id": 1000,
    "kind": "direct",
}
#: What doors ask for, so that they get as far as storing something.
PLAUSIBLE = {
    "content": "hello",
    "name": "Someone",
    "emoji": "👍",
    "member_role": "member",
    "type": "text",
    "next": "/people",
}


def protected(app):
    """Everyone's row, without what is their own to change."""
    columns = [name for name in inspect(User).columns.keys() if name not in ONES_OWN]  # noqa: SIM118
    with app.app_context():
        return {
            user.id: {name: getattr(user, name) for name in columns}
            for user in db.session.scalars(select(User))
        }


def changing(app, world):
    """Every call that may change something, but for those that end what the test needs."""
    group = world.alice.api.post("/api/groups", {"name": "Crew", "members": [world.bob.id]})
    known = {
        "conversation_id": world.conversation_id,
        "message_id": UUID(world.messages[0]["id"]),
        "group_id": UUID(group.get_json()["id"]),
        "user_id": UUID(world.bob.id),
        "emoji": "👍",
    }
    for rule in app.url_map.iter_rules():
        values = {name: known.get(name, UUID(int=0)) for name in rule.arguments}
        for method in sorted((rule.methods or set()) & {"POST", "PUT", "PATCH"}):
            path = rule.build(values)[1]
            if "logout" not in path and "sessions" not in path:
                yield method, path


def bodies(own):
    fields = {**PLAUSIBLE, **PLANTED, **own}
    flat = json.dumps(fields)
    yield flat
    yield json.dumps({**PLAUSIBLE, **own, "user": PLANTED, "data": {"user": PLANTED}})
    harmless = {name: own.get(name) for name in PLANTED}
    yield f"{json.dumps(harmless)[:-1]}, {flat[1:]}"


def forms(own, token):
    fields = {**PLAUSIBLE, **PLANTED, **own, "csrf_token": token}
    yield urlencode(fields)
    yield urlencode({**fields, **{f"user[{name}]": value for name, value in PLANTED.items()}})
    yield urlencode([*fields.items(), *PLANTED.items()])


@pytest.mark.slow
def test_no_call_sets_what_isnt_ones_own(app, world):
    answers = set()
    token = Page(world.alice.client.get("/chats").text).csrf_token
    calls = list(changing(app, world))
    bearer, before = app.test_client(use_cookies=False), protected(app)
    assert {"is_staff", "email", "password_hash", "created_at"} <= set(before[world.alice.id])
    for method, path in calls:
        query = "?" + urlencode(PLANTED)
        if path.startswith("/api/"):
            for body in bodies({}):
                answer = bearer.open(
                    path + query,
                    method=method,
                    data=body,
                    content_type="application/json",
                    headers={"Authorization": f"Bearer {world.alice.token}"},
                )
                answers.add(answer.status_code)
                assert answer.status_code < 500, (method, path)
        else:
            for form in forms({}, token):
                answer = world.alice.client.open(
                    path + query,
                    method=method,
                    data=form,
                    content_type="application/x-www-form-urlencoded",
                )
                answers.add(answer.status_code)
                assert answer.status_code < 500, (method, path)
        after = protected(app)
        assert {id_: after[id_] for id_ in before} == before, (method, path)
    assert {200, 201, 303} <= answers, answers
    with app.app_context():
        assert db.session.scalar(select(Message.seq).order_by(Message.seq.desc())) < 1000
        for conversation in db.session.scalars(select(Conversation)):
            assert conversation.last_seq < 1000
        assert set(db.session.scalars(select(Message.sender_id))) <= set(before)


def test_whoever_registers_gets_a_plain_account(app):
    made = 0
    client = Api(app, None)
    for number, each in enumerate(bodies({"email": "x@example.org", "password": PASSWORD})):
        body = each.replace("x@example.org", f"api{number}@example.org")
        answer = client._client.post(
            "/api/auth/register?" + urlencode(PLANTED), data=body, content_type="application/json"
        )
        assert answer.status_code == 201, answer.text
        made += 1
    for number in range(3):
        page = PageClient(app)
        token = Page(page.get("/register").text).csrf_token
        own = {"email": f"form{number}@example.org", "password": PASSWORD}
        form = list(forms(own, token))[number]
        answer = page.post(
            "/register?" + urlencode(PLANTED),
            data=form,
            content_type="application/x-www-form-urlencoded",
        )
        assert answer.status_code == 303, answer.text
        made += 1
    rows = protected(app)
    assert len(rows) == made
    for id_, row in rows.items():
        assert id_ != NOBODY
        assert (row["is_active"], row["is_staff"], row["is_superuser"]) == (True, False, False)
        assert row["password_hash"].startswith("$argon2id$")
        assert row["email"].startswith(("api", "form"))
        assert row["external_id"] is row["deleted_at"] is row.get("email_verified_at") is None
        for name in ("created_at", "date_joined"):
            assert now() - row[name] < timedelta(minutes=5)
