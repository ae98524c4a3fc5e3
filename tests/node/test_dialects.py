"""Clients of the older back ends, in plain Node.js, written from their contracts alone."""

from __future__ import annotations

import json
import secrets
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.server import LiveServer

pytestmark = pytest.mark.live
HERE = Path(__file__).parent
COUNT = 100

CAMEL = {
    *("id", "conversation_id", "sender_id", "content", "type", "read_at"),
    *("created_at", "updated_at", "deleted_at", "sender"),
}
CAMEL_SENDER = {"id", "username", "email", "profile_picture", "role"}
KEBAB = {"id", "sender_id", "receiver_id", "is_group", "content", "created_at"}
KEBAB_OTHER = {
    *("id", "name", "description", "resume_link", "role", "profile_picture", "created_at"),
}
KEBAB_OWN = KEBAB_OTHER | {"email", "theme_mode", "theme_color", "background_image"}
COOKIE = {"_id", "senderId", "receiverId", "message", "createdAt", "updatedAt"}
COOKIE_USER = {"_id", "fullName", "username", "profilePic"}


@pytest.fixture
def run(node: str, server: LiveServer):
    def run(script: str, *arguments: str) -> Any:
        done = subprocess.run(
            [node, f"dialects/{script}.mjs", *arguments],
            cwd=HERE,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


@pytest.fixture
def name() -> str:
    return f"d{secrets.token_hex(4)}"


def _only(pairs: list[Any], event: str) -> list[Any]:
    return [payload for name, payload in pairs if name == event]


def test_camel(run, server: LiveServer, name: str) -> None:
    seen = run("first_steps", "camel", server.url, name)
    for heard in seen["heard"]:
        assert [event for event, _ in heard] == ["receiveMessage"]  # and nothing of colon's
        assert heard[0][1] == seen["acknowledged"]
    message = seen["acknowledged"]
    assert set(message) == CAMEL
    assert set(message["sender"]) == CAMEL_SENDER
    assert message["sender"]["email"] is None
    assert message["sender_id"] == seen["ids"][0]
    assert message["type"] == "text"
    assert message["conversation_id"] == seen["conversation"]["id"]
    assert [item["id"] for item in seen["read"]["items"]] == [message["id"]]


def test_kebab(run, server: LiveServer, name: str) -> None:
    seen = run("first_steps", "kebab", server.url, name)
    ada, bob = seen["ids"]
    registered, login = seen["registered"]["registered"], seen["registered"]["login"]
    assert set(registered["user"]) == KEBAB_OWN
    assert registered["user"]["name"] == f"{name}-ada"
    session = login["session"]
    assert session["token_type"] == "bearer"
    assert set(session) == {
        *("access_token", "token_type", "expires_in", "expires_at", "user"),
    }
    contact = seen["contact"]["contact"]
    assert (contact["user_id"], contact["contact_id"]) == (ada, bob)
    assert contact["id"]
    assert set(contact["user"]) == KEBAB_OTHER
    assert contact["last_message"] is None
    group = seen["group"]["group"]
    assert group["created_by"] == ada
    assert {one["id"] for one in group["members"]} == {ada, bob}
    assert all(set(member) == KEBAB_OTHER for member in group["members"])

    (to_ada, to_bob) = (list(_only(heard, "receive-message")) for heard in seen["heard"])
    assert all(set(message) == KEBAB for message in (*to_ada, *to_bob))
    private = next(m for m in to_bob if m["content"] == "Hey there!")
    assert (private["sender_id"], private["receiver_id"], private["is_group"]) == (ada, bob, False)
    assert "Hey there!" not in [m["content"] for m in to_ada]  # who sent it, knows it
    public = next(m for m in to_ada if m["content"] == "Hello all")
    assert (public["sender_id"], public["receiver_id"]) == (bob, group["id"])
    assert public["is_group"] is True

    dashboard = seen["dashboard"]
    assert dashboard["user"]["id"] == ada
    assert dashboard["user"]["email"]
    assert dashboard["contacts"][0]["last_message"] == private
    assert dashboard["groups"][0]["last_message"] == public
    assert dashboard["groups"][0]["unread_count"] >= 1
    assert set(seen["seen"]["user"]) == KEBAB_OTHER


def test_cookie(run, server: LiveServer, name: str) -> None:
    seen = run("first_steps", "cookie", server.url, name)
    ada, bob = seen["ids"]
    assert set(seen["registered"]) > COOKIE_USER
    assert "address" in seen["registered"]["notice"]
    flags = seen["cookieSet"].split("; ")
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(flags)
    assert seen["before"] == {"status": 200, "body": []}
    users = {one["_id"]: one for one in seen["users"]["body"]}
    assert bob in users
    assert ada not in users
    assert all(set(one) == COOKIE_USER for one in users.values())
    sent = seen["sent"]
    assert set(sent) == COOKIE
    assert (sent["senderId"], sent["receiverId"]) == (ada, bob)
    told = [_only(heard, "newMessage") for heard in seen["heard"]]
    assert told == [[], [sent]]  # who sent it has the call's answer
    for heard in seen["heard"]:
        assert {event for event, _ in heard} <= {"newMessage", "getOnlineUsers"}
        assert all(len(set(ids)) == len(ids) for ids in _only(heard, "getOnlineUsers"))
    assert ada in _only(seen["heard"][0], "getOnlineUsers")[0]
    assert seen["read"]["body"] == seen["again"]["body"] == [sent]
    assert seen["out"]["status"] == 200
    assert set(seen["out"]["body"]) == {"message"}
    assert seen["revoked"]["status"] == 401
    assert seen["revoked"]["body"]["code"] == "unauthenticated"
    assert isinstance(seen["revoked"]["body"]["error"], str)
    assert {*COOKIE_USER, "user", "token", "expires_at"} == set(seen["login"]["body"])


def test_people_of_different_dialects_talk(run, server: LiveServer, name: str) -> None:
    seen = run("exchange", server.url, name, str(COUNT))
    ids, heard, stored = seen["ids"], seen["heard"], seen["stored"]
    for prefix, texts in stored.items():
        assert sorted(texts) == sorted(f"{prefix} {number}" for number in range(COUNT))

    def texts(dialect: str, event: str, prefix: str, field: str = "content") -> list[str]:
        said = [message[field] for message in _only(heard[dialect], event)]
        return [text for text in said if text.startswith(f"{prefix} ")]

    assert texts("colon", "message:received", "group") == stored["group"]
    assert texts("camel", "receiveMessage", "group") == stored["group"]
    own = {f"group {number}" for number in range(COUNT) if number % 3 == 2}
    others = [text for text in stored["group"] if text not in own]
    assert texts("kebab", "receive-message", "group") == others  # its own it sent by this socket
    for dialect, event in (("colon", "message:received"), ("camel", "receiveMessage")):
        assert texts(dialect, event, dialect) == stored[dialect]
    for prefix in ("colon", "camel", "kebab"):  # what cookie sent itself, it has the answers to
        own = {f"{prefix} {number}" for number in range(COUNT) if number % 2 == 0}
        others = [text for text in stored[prefix] if text not in own]
        assert texts("cookie", "newMessage", prefix, "message") == others
    own = {f"kebab {number}" for number in range(COUNT) if number % 2 == 1}
    others = [text for text in stored["kebab"] if text not in own]
    assert texts("kebab", "receive-message", "kebab") == others

    shapes = {
        "camel": ("receiveMessage", CAMEL),
        "kebab": ("receive-message", KEBAB),
        "cookie": ("newMessage", COOKIE),
    }
    for dialect, (event, shape) in shapes.items():
        assert all(set(message) == shape for message in _only(heard[dialect], event))
        own_events = {event, "getOnlineUsers"} if dialect == "cookie" else {event}
        assert {name for name, _ in heard[dialect]} <= own_events
    for message in _only(heard["kebab"], "receive-message"):
        to_group = message["receiver_id"] == seen["group"]["id"]
        assert message["is_group"] == to_group
        assert to_group or {message["sender_id"], message["receiver_id"]} == {
            ids["kebab"],
            ids["cookie"],
        }
