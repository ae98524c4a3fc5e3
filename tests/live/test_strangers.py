"""Whoever isn't entitled tries every route and every event with Alice's and Bob's ids.

That is Carol, a stranger, with their conversation and with their group; Dave, who was removed from
the group; and, where it takes a role, Bob, a plain member of it. The matrix in
`tests/support/access_matrix.py` must name every route and event that the app has, or the first two
tests fail.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import flask
import pytest
import requests

from tests.support.access_matrix import EVENTS, NOBODY, ROUTES, SECRET, Rule
from tests.support.access_scene import Scene, scene_on
from tests.support.cast import Pair
from tests.support.errors import ack_error, rest_error
from tests.support.events import event_names
from tests.support.people import Person
from tests.support.routes import routes_of
from tests.support.server import LiveServer
from tests.support.waiting import PATIENCE
from tests.support.wire import Wire, knock

pytestmark = pytest.mark.live


def test_every_route_has_its_rule(app: flask.Flask) -> None:
    assert routes_of(app) == set(ROUTES)


def test_every_event_has_its_rule(app: flask.Flask) -> None:
    assert event_names(app) == set(EVENTS)


@pytest.fixture(scope="module")
def whole_scene(server: LiveServer) -> Iterator[Scene]:
    with scene_on(server) as scene:
        yield scene


@pytest.fixture
def scene(whole_scene: Scene) -> Scene:
    whole_scene.where = whole_scene.places["direct"]
    return whole_scene


def the_rules(*, member: bool = False) -> Any:
    return pytest.mark.parametrize(
        "line",
        [
            line
            for line, rule in ROUTES.items()
            if isinstance(rule, Rule) and (rule.member is not None or not member)
        ],
    )


strangers = pytest.mark.parametrize(
    ("who", "place"), [("carol", "direct"), ("carol", "group"), ("dave", "group")]
)


def ask(scene: Scene, person: Person, line: str, *, absent: bool = False) -> requests.Response:
    """What this person gets where they use the route with the ids of the scene's place."""
    rule = ROUTES[line]
    assert isinstance(rule, Rule)
    method, path = line.split(maxsplit=1)[0], scene.fill(rule.path, absent=absent)
    body = scene.fill(rule.body, absent=absent)
    if path.startswith("/api/"):
        return person.rest(method, path, params=rule.query, json=body or None)
    session = scene.webs[person.id]
    data = {**body, "csrf_token": scene.csrf_token(person)} if method == "POST" else None
    return session.request(method, path, data=data)


@strangers
@the_rules()
def test_strangers_get_what_is_theirs(scene: Scene, line: str, who: str, place: str) -> None:
    rule = ROUTES[line]
    assert isinstance(rule, Rule)
    scene.where = scene.places[place]
    before = scene.state()
    answer = ask(scene, getattr(scene, who), line)
    if rule.path.startswith("/api/") and rule.carol >= 400:
        rest_error(answer)
    wanted = {302, 303} if rule.carol == 302 else {rule.carol}
    assert answer.status_code in wanted, answer.text[:500]
    assert scene.leaks(answer.text) == []
    assert scene.state() == before


@the_rules(member=True)
def test_a_plain_member_may_see_but_not_do(scene: Scene, line: str) -> None:
    rule = ROUTES[line]
    assert isinstance(rule, Rule)
    scene.where = scene.places["group"]
    before = scene.state()
    answer = ask(scene, scene.bob, line)
    assert answer.status_code == rule.member, answer.text[:500]
    if rule.path.startswith("/api/"):
        assert rest_error(answer)["code"] == "forbidden"
    assert scene.state() == before


@the_rules()
def test_nobody_gets_less(scene: Scene, line: str) -> None:
    """Without any credential."""
    rule = ROUTES[line]
    assert isinstance(rule, Rule)
    method, path = line.split(maxsplit=1)[0], scene.fill(rule.path)
    url = scene.alice.server.url + path
    session = requests.Session()
    kwargs: dict[str, Any] = {"allow_redirects": False, "timeout": 10, "params": rule.query}
    if path.startswith("/api/"):
        kwargs["json"] = scene.fill(rule.body) or None
    elif method == "POST":
        login = session.get(f"{scene.alice.server.url}/login", timeout=PATIENCE).text
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
    for line, rule in ROUTES.items():
        if isinstance(rule, str) or rule.carol != 404 or "/api/" not in rule.path:
            continue
        for who, place in ((scene.carol, "direct"), (scene.carol, "group"), (scene.dave, "group")):
            scene.where = scene.places[place]
            theirs, nobodys = ask(scene, who, line), ask(scene, who, line, absent=True)
            assert theirs.text == nobodys.text, line
            assert theirs.status_code == nobodys.status_code


@strangers
def test_strangers_over_sockets(scene: Scene, who: str, place: str) -> None:
    scene.where = scene.places[place]
    id_ = scene.where.conversation
    before = scene.state()
    wire = getattr(scene, who).wire()
    for event, (payload, expected) in EVENTS.items():
        ack = wire.call(event, scene.fill(payload))
        if expected == "ok":
            assert ack["ok"] is True, (event, ack)
        else:
            assert ack_error(ack)["code"] == expected, event
            absent = wire.call(event, scene.fill(payload, absent=True))
            assert absent == ack, "absent and forbidden look alike"
        assert scene.leaks(str(ack)) == [], event
    assert wire.call("sync", {"versions": {str(id_): 0}})["removed"] == [id_]
    assert scene.state() == before


def test_a_plain_member_over_sockets(scene: Scene) -> None:
    scene.where = scene.places["group"]
    before = scene.state()
    wire = scene.bob.wire()
    for event in ("message:edit", "message:delete"):
        ack = wire.call(event, scene.fill(EVENTS[event][0]))
        assert ack_error(ack)["code"] == "forbidden", event
    assert scene.state() == before


def test_carol_hears_nothing(pair: Pair, carol: Person) -> None:
    """Whatever she sends to get into the room; then Alice and Bob talk, read, and write to her."""
    ours = pair.alice.opens(carol)  # what Carol may hear, so that she is in a room at all
    as_alice = {"token": carol.token, "user_id": pair.alice.id}
    assert knock(carol.server, "websocket", auth=as_alice).refused_properly
    wire: Wire = carol.wire(room=f"conversation:{pair.id}", rooms=[pair.id])
    for name in (pair.id, str(pair.id), f"conversation:{pair.id}", f"user:{pair.alice.id}"):
        for event in ("conversation:join", "join", "subscribe", "join_room", "room"):
            for payload in (name, {"room": name}, {"conversation_id": name}, [name]):
                assert wire.call(event, payload)["ok"] is False

    pair.alice.says(pair.id, f"{SECRET} again")
    pair.bob.rest("POST", f"/api/chat/{pair.id}/read", json={"seq": 1})
    pair.bob.wire().call("conversation:join", {"conversation_id": pair.id})
    pair.alice.says(ours, "the end")
    wire.wait_for("message:received", lambda message: message["content"] == "the end")

    heard = [payload for event, payload in wire.log if event not in ("ack", "disconnect")]
    assert [one["conversation_id"] for one in heard] == [ours]
    assert SECRET not in str(heard)


def test_private_fields_are_for_oneself(pair: Pair, carol: Person) -> None:
    alice = pair.alice
    public = {
        *("id", "username", "name", "description", "resume_link", "role", "profile_picture"),
        *("avatar_url", "online", "last_seen"),
    }
    assert set(carol.get(f"/api/users/{alice.id}")) == public
    for one in carol.get("/api/users", limit=200)["items"]:
        assert set(one) == public
    assert alice.get("/api/users/me")["email"] == alice.email
    stranger = carol.get(f"/api/users/{alice.id}")
    assert (stranger["online"], stranger["last_seen"]) == (None, None), "no presence for strangers"


def test_a_user_id_that_is_nobodys(carol: Person) -> None:
    for user_id in (NOBODY, "x", "me'", "%2e%2e"):
        answer = carol.rest("GET", f"/api/users/{user_id}")
        assert rest_error(answer)["code"] == "not_found", user_id
