"""Carol, a stranger, tries every route and every event with Alice's and Bob's ids.

The matrix must name every route and event that the app has: whoever adds one adds its rule here,
or the first two tests fail.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import flask
import pytest
import requests

from tests.cast import Pair
from tests.support.errors import ack_error, rest_error
from tests.support.events import event_names
from tests.support.people import Person
from tests.support.wire import Wire

pytestmark = pytest.mark.live

SECRET = "sesame-7f3a"  # stands in what Alice and Bob say to each other


@dataclass(frozen=True)
class Rule:
    """What Carol gets, and what someone without any credential gets."""

    path: str  # {conversation}, {alice}, {bob} are filled in
    carol: int
    anonymous: int
    body: dict[str, Any] = field(default_factory=dict)
    query: dict[str, Any] = field(default_factory=dict)


# Keyed by method and rule, converters left out. 302 without a credential leads to the login page.
ROUTES: dict[str, Rule | str] = {
    # pages
    "GET /": Rule("/", 302, 200),
    "GET /login": Rule("/login", 302, 200),
    "GET /register": Rule("/register", 302, 200),
    "POST /login": "signing in is test_sessions'; it takes no id",
    "POST /register": "takes no id",
    "POST /logout": "takes no id",
    "GET /chats": Rule("/chats", 200, 302),
    "GET /chats/sidebar": Rule("/chats/sidebar", 200, 302),
    "GET /chats/<conversation_id>": Rule("/chats/{conversation}", 404, 302),
    "POST /chats/<conversation_id>": Rule(
        "/chats/{conversation}", 404, 401, {"content": "from Carol", "client_id": "c"}
    ),
    "GET /people": Rule("/people", 200, 302),
    "POST /people/<user_id>/message": Rule("/people/{alice}/message", 303, 401),
    # REST
    "POST /api/auth/register": "takes no id",
    "POST /api/auth/login": "takes no id",
    "POST /api/auth/logout": "ends the caller's own token; takes no id",
    "GET /api/users/me": Rule("/api/users/me", 200, 401),
    "GET /api/users": Rule("/api/users", 200, 401, query={"limit": 200}),
    "GET /api/users/<user_id>": Rule("/api/users/{alice}", 200, 401),
    "GET /api/chat": Rule("/api/chat", 200, 401),
    "POST /api/chat": Rule("/api/chat", 422, 401, {"participant_ids": ["{conversation}"]}),
    "GET /api/chat/<conversation_id>": Rule("/api/chat/{conversation}", 404, 401),
    "GET /api/chat/<conversation_id>/messages": Rule(
        "/api/chat/{conversation}/messages", 404, 401, query={"around": 1}
    ),
    "GET /api/chat/<conversation_id>/changes": Rule(
        "/api/chat/{conversation}/changes", 404, 401, query={"after_version": 0}
    ),
    "POST /api/chat/<conversation_id>/messages": Rule(
        "/api/chat/{conversation}/messages", 404, 401, {"content": "from Carol"}
    ),
    "POST /api/chat/<conversation_id>/read": Rule(
        "/api/chat/{conversation}/read", 404, 401, {"seq": 1}
    ),
    # of the process
    "GET /health": Rule("/health", 200, 200),
    "GET /static/<version>/<filename>": "files that everyone may have",
}

# What each event answers to Carol, as (payload, error code or "ok").
EVENTS: dict[str, tuple[dict[str, Any], str]] = {
    "message:send": ({"conversation_id": "{conversation}", "content": "from Carol"}, "not_found"),
    "message:read": ({"conversation_id": "{conversation}", "seq": 1}, "not_found"),
    "conversation:join": ({"conversation_id": "{conversation}", "after_version": 0}, "not_found"),
    "conversation:leave": ({"conversation_id": "{conversation}"}, "not_found"),
    "conversation:create": ({"participant_ids": ["{alice}"]}, "ok"),
    "sync": ({"versions": {"{conversation}": 0}}, "ok"),
}


def routes_of(app: flask.Flask) -> set[str]:
    converter = re.compile(r"(?<=<)[^:<>]+:")
    return {
        f"{method} {converter.sub('', rule.rule)}"
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def test_every_route_has_its_rule(app: flask.Flask) -> None:
    assert routes_of(app) == set(ROUTES)


def test_every_event_has_its_rule(app: flask.Flask) -> None:
    assert event_names(app) == set(EVENTS)


@dataclass
class Scene:
    pair: Pair
    carol: Person

    def fill(self, value: Any) -> Any:
        """`value` with its {names} replaced by ids; what is only the conversation is its number."""
        if isinstance(value, dict):
            return {self._text(name): self.fill(one) for name, one in value.items()}
        if isinstance(value, list):
            return [self.fill(one) for one in value]
        if value == "{conversation}":
            return self.pair.id
        return self._text(value) if isinstance(value, str) else value

    def _text(self, text: str) -> str:
        return text.format(
            conversation=self.pair.id, alice=self.pair.alice.id, bob=self.pair.bob.id
        )

    def leaks(self, text: str) -> list[str]:
        """What of Alice's and Bob's stands in `text` though it isn't Carol's to see."""
        secrets = {
            SECRET,
            self.pair.alice.email,
            self.pair.bob.email,
            f'"conversation_id": {self.pair.id},',
            f'"conversation_id":{self.pair.id},',
            f'href="/chats/{self.pair.id}"',
        }
        return [secret for secret in secrets if secret in text]


@pytest.fixture
def scene(pair: Pair, carol: Person) -> Scene:
    pair.alice.says(pair.id, f"{SECRET} to Bob", client_id=f"{SECRET}-client")
    pair.bob.says(pair.id, f"{SECRET} to Alice")
    return Scene(pair, carol)


def the_rules() -> Any:
    return pytest.mark.parametrize(
        "line", [line for line, rule in ROUTES.items() if isinstance(rule, Rule)]
    )


@the_rules()
def test_carol_gets_what_is_hers(scene: Scene, line: str) -> None:
    rule = ROUTES[line]
    assert isinstance(rule, Rule)
    method, path = line.split(maxsplit=1)[0], scene.fill(rule.path)
    before = scene.pair.alice.get(f"/api/chat/{scene.pair.id}")
    if path.startswith("/api/"):
        answer = scene.carol.rest(
            method, path, params=rule.query, json=scene.fill(rule.body) if rule.body else None
        )
        if rule.carol >= 400:
            rest_error(answer)
    else:
        session = scene.carol.web()
        data = {**rule.body, "csrf_token": session.page("/people").csrf_token}
        answer = session.request(method, path, data=data if method == "POST" else None)

    wanted = {302, 303} if rule.carol == 302 else {rule.carol}
    assert answer.status_code in wanted, answer.text[:500]
    assert scene.leaks(answer.text) == []
    assert scene.pair.alice.get(f"/api/chat/{scene.pair.id}") == before


@the_rules()
def test_nobody_gets_less(scene: Scene, line: str) -> None:
    """Without any credential."""
    rule = ROUTES[line]
    assert isinstance(rule, Rule)
    method, path = line.split(maxsplit=1)[0], scene.fill(rule.path)
    url = scene.pair.alice.server.url + path
    session = requests.Session()
    kwargs: dict[str, Any] = {"allow_redirects": False, "timeout": 10, "params": rule.query}
    if method == "POST" and path.startswith("/api/"):
        kwargs["json"] = scene.fill(rule.body)
    elif method == "POST":
        login = session.get(f"{scene.pair.alice.server.url}/login", timeout=10).text
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', login)
        kwargs["data"] = {**rule.body, "csrf_token": token and token[1]}
    answer = session.request(method, url, **kwargs)

    if method == "POST" and not path.startswith("/api/"):
        assert answer.status_code in (302, 303, 401), answer.text[:300]
    else:
        assert answer.status_code == rule.anonymous, answer.text[:500]
    if answer.status_code == 401 and path.startswith("/api/"):
        assert rest_error(answer)["code"] == "unauthenticated"
    if answer.status_code in (302, 303):
        assert answer.headers["Location"].startswith("/login")
    assert scene.leaks(answer.text) == []


def test_absent_and_forbidden_look_alike(scene: Scene) -> None:
    absent = scene.pair.id + 10**6
    for line, rule in ROUTES.items():
        if isinstance(rule, str) or rule.carol != 404 or "/api/" not in rule.path:
            continue
        method = line.split(maxsplit=1)[0]
        told = [
            scene.carol.rest(
                method, rule.path.format(conversation=id_), params=rule.query, json=rule.body
            )
            for id_ in (scene.pair.id, absent)
        ]
        assert told[0].text == told[1].text, line
        assert told[0].status_code == told[1].status_code


def test_carol_over_sockets(scene: Scene) -> None:
    pair = scene.pair
    before = pair.alice.get(f"/api/chat/{pair.id}")
    wire = scene.carol.wire()
    for event, (payload, expected) in EVENTS.items():
        ack = wire.call(event, scene.fill(payload))
        if expected == "ok":
            assert ack["ok"] is True, (event, ack)
        else:
            assert ack_error(ack)["code"] == expected, event
            absent = {**scene.fill(payload), "conversation_id": pair.id + 10**6}
            assert wire.call(event, absent) == ack, "absent and forbidden look alike"
        assert scene.leaks(str(ack)) == [], event
    assert wire.call("sync", {"versions": {str(pair.id): 0}})["removed"] == [pair.id]
    assert pair.alice.get(f"/api/chat/{pair.id}") == before


def test_carol_hears_nothing(scene: Scene) -> None:
    """Whatever she sends to get into the room; then Alice and Bob talk, read, and write to her."""
    pair = scene.pair
    ours = pair.alice.opens(scene.carol)  # what Carol may hear, so that she is in a room at all
    wire: Wire = scene.carol.wire(
        room=f"conversation:{pair.id}", user_id=pair.alice.id, rooms=[pair.id]
    )
    for name in (pair.id, str(pair.id), f"conversation:{pair.id}", f"user:{pair.alice.id}"):
        for event in ("conversation:join", "join", "subscribe", "join_room", "room"):
            for payload in (name, {"room": name}, {"conversation_id": name}, [name]):
                assert wire.call(event, payload)["ok"] is False

    pair.alice.says(pair.id, f"{SECRET} again")
    pair.bob.rest("POST", f"/api/chat/{pair.id}/read", json={"seq": 3})
    pair.bob.wire().call("conversation:join", {"conversation_id": pair.id})
    pair.alice.says(ours, "the end")
    wire.wait_for("message:received", lambda message: message["content"] == "the end")

    heard = [payload for event, payload in wire.log if event not in ("ack", "disconnect")]
    assert [one["conversation_id"] for one in heard] == [ours]
    assert scene.leaks(str(heard)) == []


def test_private_fields_are_for_oneself(scene: Scene) -> None:
    alice, carol = scene.pair.alice, scene.carol
    public = {
        *("id", "username", "name", "description", "resume_link", "role", "profile_picture"),
        *("online", "last_seen"),
    }
    assert set(carol.get(f"/api/users/{alice.id}")) == public
    for one in carol.get("/api/users", limit=200)["items"]:
        assert set(one) == public
    assert alice.get("/api/users/me")["email"] == alice.email
    stranger = carol.get(f"/api/users/{alice.id}")
    assert (stranger["online"], stranger["last_seen"]) == (None, None), "no presence for strangers"


def test_a_user_id_that_is_nobodys(scene: Scene) -> None:
    for user_id in ("00000000-0000-4000-8000-000000000000", "x", "me'", "%2e%2e"):
        answer = scene.carol.rest("GET", f"/api/users/{user_id}")
        assert rest_error(answer)["code"] == "not_found", user_id
