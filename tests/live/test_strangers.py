"""Whoever isn't entitled tries every route and every event with Alice's and Bob's ids.

That is Carol, a stranger, with their conversation and with their group; Dave, who was removed from
the group; and, where it takes a role, Bob, a plain member of it. The matrix must name every route
and event that the app has: whoever adds one adds its rule here, or the first two tests fail.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import flask
import pytest
import requests

from tests.support.cast import Pair
from tests.support.errors import ack_error, rest_error
from tests.support.events import event_names
from tests.support.people import Person, WebSession
from tests.support.photos import photo
from tests.support.server import LiveServer
from tests.support.wire import Wire, knock

pytestmark = pytest.mark.live

SECRET = "sesame-7f3a"  # stands in what Alice and Bob say to each other, and in their group's name
NOBODY = "00000000-0000-4000-8000-000000000000"


@dataclass(frozen=True)
class Rule:
    """What Carol and Dave get, what someone without any credential gets, and a plain member."""

    path: str  # {conversation}, {message}, {group}, {alice}, {bob} are filled in
    carol: int
    anonymous: int
    body: dict[str, Any] = field(default_factory=dict)
    query: dict[str, Any] = field(default_factory=dict)
    member: int | None = None  # where a plain member may not do it either


TEXT = {"content": "from Carol"}
DIALECT = "test_dialects shows that strangers are refused, in the dialect's own shape"

# Keyed by method and rule, converters left out. 302 without a credential leads to the login page.
ROUTES: dict[str, Rule | str] = {
    # pages
    "GET /": Rule("/", 302, 200),
    "GET /login": Rule("/login", 302, 200),
    "GET /register": Rule("/register", 302, 200),
    "POST /login": "signing in is test_sessions'; it takes no id",
    "POST /register": "takes no id",
    "POST /logout": "takes no id",
    "GET /auth/google": Rule("/auth/google", 404, 404),  # where no provider is configured
    "GET /auth/google/connect": Rule("/auth/google/connect", 404, 302),
    "GET /auth/google/callback": Rule("/auth/google/callback", 404, 404),
    "GET /auth/google/confirm": Rule("/auth/google/confirm", 404, 404),
    "POST /settings/account/disconnect": Rule(
        "/settings/account/disconnect", 404, 401, {"id": "{group}"}
    ),
    "POST /auth/google/confirm": "acts on what the session keeps; takes no id",
    "GET /verify": Rule("/verify", 200, 302),
    "POST /verify": "takes a token from a mail, which test_verification has",
    "POST /verify/resend": "mails to one's own address; takes no id",
    "GET /forgot": Rule("/forgot", 200, 200),
    "POST /forgot": "takes an address; test_reset shows that every address is answered alike",
    "GET /reset": Rule("/reset", 422, 422),
    "POST /reset": "takes a token from a mail, which test_reset has",
    "GET /chats": Rule("/chats", 200, 302),
    "GET /chats/sidebar": Rule("/chats/sidebar", 200, 302),
    "GET /chats/<conversation_id>": Rule("/chats/{conversation}", 404, 302),
    "POST /chats/<conversation_id>": Rule(
        "/chats/{conversation}", 404, 401, {"content": "from Carol", "client_id": "c"}
    ),
    "GET /chats/<conversation_id>/@<seq>": Rule("/chats/{conversation}/@1", 404, 302),
    "POST /chats/<conversation_id>/messages/<message_id>/edit": Rule(
        "/chats/{conversation}/messages/{message}/edit", 404, 401, TEXT, member=403
    ),
    "POST /chats/<conversation_id>/messages/<message_id>/delete": Rule(
        "/chats/{conversation}/messages/{message}/delete", 404, 401, member=403
    ),
    "POST /chats/<conversation_id>/messages/<message_id>/react": Rule(
        "/chats/{conversation}/messages/{message}/react", 404, 401, {"emoji": "👍"}
    ),
    "POST /chats/<conversation_id>/preferences": Rule(
        "/chats/{conversation}/preferences", 404, 401, {"pinned": "true"}
    ),
    "GET /people": Rule("/people", 200, 302),
    "GET /people/<user_id>": Rule("/people/{alice}", 200, 302),
    "GET /contacts": Rule("/contacts", 200, 302),
    "POST /people/<user_id>/contact": Rule("/people/{group}/contact", 422, 401),
    "POST /people/<user_id>/contact/remove": Rule("/people/{alice}/contact/remove", 303, 401),
    "POST /people/<user_id>/block": Rule("/people/{group}/block", 404, 401),
    "POST /people/<user_id>/unblock": Rule("/people/{alice}/unblock", 303, 401),
    "POST /people/<user_id>/message": Rule("/people/{alice}/message", 303, 401),
    # groups
    "GET /groups/new": Rule("/groups/new", 200, 302),
    "POST /groups/new": Rule("/groups/new", 422, 401, {"name": "x", "member": ["{group}"]}),
    "POST /groups/new/people": Rule("/groups/new/people", 200, 401, {"member": ["{group}"]}),
    "GET /groups/<group_id>": Rule("/groups/{group}", 404, 302),
    "POST /groups/<group_id>": Rule("/groups/{group}", 404, 401, {"name": "Carol's"}, member=403),
    "GET /groups/<group_id>/add": Rule("/groups/{group}/add", 404, 302, member=403),
    "POST /groups/<group_id>/add": Rule(
        "/groups/{group}/add", 404, 401, {"member": ["{carol}"]}, member=403
    ),
    "POST /groups/<group_id>/add/people": Rule(
        "/groups/{group}/add/people", 404, 401, {"member": ["{carol}"]}, member=403
    ),
    "POST /groups/<group_id>/members/<user_id>/role": Rule(
        "/groups/{group}/members/{bob}/role", 404, 401, {"member_role": "owner"}, member=403
    ),
    "POST /groups/<group_id>/members/<user_id>/remove": Rule(
        "/groups/{group}/members/{alice}/remove", 404, 401, member=403
    ),
    "POST /groups/<group_id>/leave": Rule("/groups/{group}/leave", 404, 401),
    "POST /groups/<group_id>/delete": Rule(
        "/groups/{group}/delete", 404, 401, {"sure": "yes"}, member=403
    ),
    "POST /groups/<group_id>/links": Rule("/groups/{group}/links", 404, 401, member=403),
    "POST /groups/<group_id>/links/<link_id>/withdraw": Rule(
        "/groups/{group}/links/{link}/withdraw", 404, 401, member=403
    ),
    "GET /join/<token>": Rule("/join/{link}", 404, 404),  # a link's id is no token
    "POST /join/<token>": Rule("/join/{link}", 404, 401),
    # settings: everyone's are their own, no address names a person
    "GET /settings": Rule("/settings", 303, 302),
    "GET /settings/profile": Rule("/settings/profile", 200, 302),
    "POST /settings/profile": "changes the caller's own; takes no id",
    "GET /settings/privacy": Rule("/settings/privacy", 200, 302),
    "POST /settings/privacy": "changes the caller's own; takes no id",
    "GET /settings/account": Rule("/settings/account", 200, 302),
    "GET /settings/notifications": Rule("/settings/notifications", 200, 302),
    "POST /settings/notifications": "changes the caller's own; takes no id",
    "GET /settings/sessions": Rule("/settings/sessions", 200, 302),
    "POST /settings/sessions/end": "ends the caller's own; takes no id",
    "POST /settings/sessions/<sign_in_id>/end": Rule("/settings/sessions/{sign_in}/end", 404, 401),
    "POST /settings/account/password": "changes the caller's own; takes no id",
    "GET /settings/appearance": Rule("/settings/appearance", 200, 302),
    "POST /settings/appearance": "changes how things look to the caller; takes no id",
    "GET /settings/data": Rule("/settings/data", 200, 302),
    "GET /settings/data/download": Rule("/settings/data/download", 200, 302),
    "POST /settings/data/deactivate": "deactivates the caller's own account; takes no id",
    "POST /settings/data/delete": "deletes the caller's own account; takes no id",
    "POST /settings/profile/picture": "changes the caller's own; takes no id",
    "POST /settings/profile/picture/remove": "changes the caller's own; takes no id",
    "POST /settings/appearance/background": "changes the caller's own; takes no id",
    "POST /settings/appearance/background/remove": "changes the caller's own; takes no id",
    "POST /groups/<group_id>/picture": Rule("/groups/{group}/picture", 404, 401, member=403),
    "POST /groups/<group_id>/picture/remove": Rule(
        "/groups/{group}/picture/remove", 404, 401, member=403
    ),
    "GET /pictures/<picture_id>": Rule("/pictures/{picture}", 404, 302),
    "POST /api/pictures": "takes a file and no id; test_pictures has it",
    "GET /setup": Rule("/setup", 200, 200),
    "POST /setup": "takes the code that the first start printed: test_first_run's",
    "GET /admin": Rule("/admin", 403, 302),
    "GET /admin/invitations": Rule("/admin/invitations", 403, 302),
    "POST /admin/invitations": Rule("/admin/invitations", 403, 401),
    "POST /admin/invitations/<invitation_id>/revoke": Rule(
        f"/admin/invitations/{NOBODY}/revoke", 403, 401
    ),
    "GET /admin/people": Rule("/admin/people", 403, 302),
    "POST /admin/people/<user_id>": Rule("/admin/people/{alice}", 403, 401, {"is_active": "false"}),
    # the dialects: their own shapes, so their own tests
    "POST /auth/register": DIALECT,
    "POST /auth/login": DIALECT,
    "PUT /user/profile": DIALECT,
    "PUT /user/update-password": DIALECT,
    "POST /user/add-contact": DIALECT,
    "GET /user/<user_id>": DIALECT,
    "GET /user/dashboard": DIALECT,
    "POST /group/create": DIALECT,
    "POST /group/add-members": DIALECT,
    "POST /api/auth/signup": DIALECT,
    "POST /api/messages/send/<user_id>": DIALECT,
    # REST
    "POST /api/auth/register": "takes no id",
    "POST /api/auth/login": "takes no id",
    "POST /api/auth/logout": "ends the caller's own token; takes no id",
    "GET /api/auth/sessions": Rule("/api/auth/sessions", 200, 401),
    "DELETE /api/auth/sessions": "ends the caller's own; takes no id",
    "DELETE /api/auth/sessions/<sign_in_id>": Rule("/api/auth/sessions/{sign_in}", 404, 401),
    "PUT /api/users/me/email": "changes the caller's own; takes no id",
    "POST /settings/account/email": "changes the caller's own; takes no id",
    "PUT /api/users/me/password": "changes the caller's own; takes no id",
    "POST /api/service/users": Rule("/api/service/users", 401, 401, {"external_id": "{alice}"}),
    "POST /api/service/tokens": Rule("/api/service/tokens", 401, 401, {"user_id": "{alice}"}),
    "POST /api/auth/verify": "takes a token from a mail, which test_verification has",
    "POST /api/auth/verify/resend": Rule("/api/auth/verify/resend", 202, 401),
    "POST /api/auth/password/forgot": "takes an address; see POST /forgot",
    "POST /api/auth/password/reset": "takes a token from a mail, which test_reset has",
    "GET /api/users/me": Rule("/api/users/me", 200, 401),
    "PATCH /api/users/me": "changes the caller's own account; takes no id",
    "GET /api/users": Rule("/api/users", 200, 401, query={"limit": 200}),
    "PATCH /api/users/<user_id>": Rule("/api/users/{alice}", 403, 401, {"is_active": False}),
    "GET /api/invitations": Rule("/api/invitations", 403, 401),
    "POST /api/invitations": Rule("/api/invitations", 403, 401, {"uses": 5}),
    "DELETE /api/invitations/<invitation_id>": Rule(f"/api/invitations/{NOBODY}", 403, 401),
    "GET /api/users/<user_id>": Rule("/api/users/{alice}", 200, 401),
    "POST /api/users/me/deactivate": "deactivates the caller's own account; takes no id",
    "GET /api/users/me/data": Rule("/api/users/me/data", 200, 401),
    "DELETE /api/users/me": "deletes the caller's own account; takes no id",
    "POST /api/users/<user_id>/block": Rule("/api/users/{bob}/block", 204, 401),
    "DELETE /api/users/<user_id>/block": Rule("/api/users/{bob}/block", 204, 401),
    "GET /api/blocks": Rule("/api/blocks", 200, 401),
    "GET /api/contacts": Rule("/api/contacts", 200, 401),
    "POST /api/contacts": Rule("/api/contacts", 422, 401, {"user_id": "{group}"}),
    "DELETE /api/contacts/<user_id>": Rule("/api/contacts/{alice}", 204, 401),
    "GET /api/groups": Rule("/api/groups", 200, 401),
    "POST /api/groups": Rule("/api/groups", 422, 401, {"name": "x", "members": ["{group}"]}),
    "GET /api/groups/<group_id>": Rule("/api/groups/{group}", 404, 401),
    "PATCH /api/groups/<group_id>": Rule(
        "/api/groups/{group}", 404, 401, {"name": "Carol's"}, member=403
    ),
    "DELETE /api/groups/<group_id>": Rule("/api/groups/{group}", 404, 401, member=403),
    "POST /api/groups/<group_id>/members": Rule(
        "/api/groups/{group}/members", 404, 401, {"user_ids": ["{carol}"]}, member=403
    ),
    "PATCH /api/groups/<group_id>/members/<user_id>": Rule(
        "/api/groups/{group}/members/{bob}", 404, 401, {"member_role": "owner"}, member=403
    ),
    "DELETE /api/groups/<group_id>/members/<user_id>": Rule(
        "/api/groups/{group}/members/{alice}", 404, 401, member=403
    ),
    "GET /api/groups/<group_id>/links": Rule("/api/groups/{group}/links", 404, 401, member=403),
    "POST /api/groups/<group_id>/links": Rule(
        "/api/groups/{group}/links", 404, 401, {"uses": 1}, member=403
    ),
    "DELETE /api/groups/<group_id>/links/<link_id>": Rule(
        "/api/groups/{group}/links/{link}", 404, 401, member=403
    ),
    "POST /api/groups/join": Rule("/api/groups/join", 404, 401, {"token": "{link}"}),
    "GET /api/messages/<message_id>": Rule("/api/messages/{message}", 404, 401),
    "PATCH /api/messages/<message_id>": Rule("/api/messages/{message}", 404, 401, TEXT, member=403),
    "DELETE /api/messages/<message_id>": Rule("/api/messages/{message}", 404, 401, member=403),
    "PUT /api/messages/<message_id>/reactions/<emoji>": Rule(
        "/api/messages/{message}/reactions/👍", 404, 401
    ),
    "DELETE /api/messages/<message_id>/reactions/<emoji>": Rule(
        "/api/messages/{message}/reactions/👍", 404, 401
    ),
    "GET /api/chat": Rule("/api/chat", 200, 401),
    "POST /api/chat": Rule("/api/chat", 422, 401, {"participant_ids": ["{conversation}"]}),
    "GET /api/chat/<conversation_id>": Rule("/api/chat/{conversation}", 404, 401),
    "GET /api/chat/<conversation_id>/members": Rule(
        "/api/chat/{conversation}/members", 404, 401, query={"q": "ali"}
    ),
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
    "PATCH /api/chat/<conversation_id>/preferences": Rule(
        "/api/chat/{conversation}/preferences", 404, 401, {"archived": True}
    ),
    # of the process
    "GET /health": Rule("/health", 200, 200),
}

# What each event answers to Carol, as (payload, error code or "ok").
EVENTS: dict[str, tuple[dict[str, Any], str]] = {
    "message:send": ({"conversation_id": "{conversation}", "content": "from Carol"}, "not_found"),
    "message:edit": ({"message_id": "{message}", "content": "from Carol"}, "not_found"),
    "message:delete": ({"message_id": "{message}"}, "not_found"),
    "reaction:add": ({"message_id": "{message}", "emoji": "👍"}, "not_found"),
    "reaction:remove": ({"message_id": "{message}", "emoji": "👍"}, "not_found"),
    "typing:start": ({"conversation_id": "{conversation}"}, "not_found"),
    "typing:stop": ({"conversation_id": "{conversation}"}, "not_found"),
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
class Place:
    """A conversation of Alice's and Bob's, and a message of Alice's in it."""

    conversation: int
    message: str


class Scene:
    """The people and what they have; one for all tests here, none of which may change it."""

    def __init__(self, server: LiveServer) -> None:
        names = ("Alice", "Bob", "Carol", "Dave")
        self.alice, self.bob, self.carol, self.dave = (Person(server, name) for name in names)
        direct = self.alice.opens(self.bob)
        made = self.alice.rest(
            "POST",
            "/api/groups",
            json={"name": f"{SECRET} crew", "members": [self.bob.id, self.dave.id]},
        )
        assert made.status_code == 201, made.text
        self.group = made.json()["id"]
        group = made.json()["conversation_id"]
        self.alice.rest("DELETE", f"/api/groups/{self.group}/members/{self.dave.id}")
        self.picture = self._picture()
        link = self.alice.rest("POST", f"/api/groups/{self.group}/links", json={})
        self.link, self.token = link.json()["id"], link.json()["token"]
        self.sign_in = self.alice.get("/api/auth/sessions")["items"][0]["id"]
        self.places = {"direct": self._place(direct), "group": self._place(group)}
        self.where = self.places["direct"]

    def _picture(self) -> str:
        """The id of their group's picture."""
        made = self.alice.rest(
            "POST", "/api/pictures", data={"purpose": "group"}, files={"file": photo()}
        )
        path = f"/api/groups/{self.group}"
        given = self.alice.rest("PATCH", path, json={"group_picture": made.json()["url"]})
        assert given.status_code == 200, given.text
        return str(made.json()["id"])

    def _place(self, id_: int) -> Place:
        message = self.alice.says(id_, f"{SECRET} to Bob", client_id=f"{SECRET}-client")
        self.bob.says(id_, f"{SECRET} to Alice")
        return Place(id_, message["id"])

    @cached_property
    def webs(self) -> dict[str, WebSession]:
        people = (self.carol, self.dave, self.bob)
        return {person.id: person.web() for person in people}

    def fill(self, value: Any, *, absent: bool = False) -> Any:
        """`value` with its {names} replaced by ids; with ``absent`` by ids of what isn't there."""
        if isinstance(value, dict):
            return {
                self._text(k, absent): self.fill(one, absent=absent) for k, one in value.items()
            }
        if isinstance(value, list):
            return [self.fill(one, absent=absent) for one in value]
        if value == "{conversation}":
            return self.where.conversation + (10**6 if absent else 0)
        return self._text(value, absent) if isinstance(value, str) else value

    def _text(self, text: str, absent: bool) -> str:
        return text.format(
            conversation=self.where.conversation + (10**6 if absent else 0),
            message=NOBODY if absent else self.where.message,
            group=NOBODY if absent else self.group,
            sign_in=NOBODY if absent else self.sign_in,
            picture=NOBODY if absent else self.picture,
            link=NOBODY if absent else self.link,
            alice=self.alice.id,
            bob=self.bob.id,
            carol=self.carol.id,
        )

    def state(self) -> list[Any]:
        """All that Alice and Bob have, as Alice sees it."""
        ids = [place.conversation for place in self.places.values()]
        return [
            *(self.alice.get(f"/api/chat/{id_}") for id_ in ids),
            *(self.alice.history(id_) for id_ in ids),
            self.alice.get(f"/api/groups/{self.group}"),
            self.alice.get(f"/api/groups/{self.group}/links"),
            self.alice.get("/api/auth/sessions"),
        ]

    def leaks(self, text: str) -> list[str]:
        """What of Alice's and Bob's stands in `text` though it isn't the reader's to see."""
        secrets = {SECRET, self.token, self.alice.email, self.bob.email}
        for place in self.places.values():
            id_ = place.conversation
            secrets |= {f'"conversation_id": {id_},', f'"conversation_id":{id_},'}
            secrets |= {f'href="/chats/{id_}"', place.message, self.sign_in}
        return [secret for secret in secrets if secret in text]


@contextmanager
def scene_on(server: LiveServer) -> Iterator[Scene]:
    """The scene, until the block ends."""
    scene = Scene(server)
    yield scene
    for person in (scene.alice, scene.bob, scene.carol, scene.dave):
        for wire in person.wires:
            wire.close()


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
    data = {**body, "csrf_token": session.page("/people").csrf_token} if method == "POST" else None
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
        login = session.get(f"{scene.alice.server.url}/login", timeout=10).text
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
    assert [str(one).replace("True", "False") for one in scene.state()] == [
        str(one).replace("True", "False") for one in before
    ]


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
