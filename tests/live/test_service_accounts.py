"""A service token tries every call there is; an outer application does its work, as documented."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import flask
import pytest
import requests

from chatapp.security.scopes import SCOPES
from chatapp.security.view_policy import policy_of
from tests.support.access_matrix import NOBODY, ROUTES, SECRET, Rule
from tests.support.access_scene import Scene, scene_on
from tests.support.beside import Beside
from tests.support.errors import rest_error
from tests.support.people import PASSWORD, Person, new_username
from tests.support.process import TOP
from tests.support.routes import routes_of
from tests.support.server import LiveServer
from tests.support.waiting import PATIENCE
from tests.support.wire import Wire, knock

pytestmark = pytest.mark.live


@dataclass
class Service:
    """An outer application with a token from the command line."""

    server: LiveServer
    token: str

    def call(self, method: str, path: str, as_: str | None, **kwargs: Any) -> requests.Response:
        """A call on behalf of the person with this id."""
        headers = {"Authorization": f"Bearer {self.token}"}
        if as_ is not None:
            headers["On-Behalf-Of"] = as_
        return requests.request(
            method,
            self.server.url + path,
            headers=headers,
            timeout=PATIENCE,
            allow_redirects=False,
            **kwargs,
        )


def new_service(server: LiveServer, beside: Beside, *scopes: str) -> Service:
    name = new_username("service")
    return Service(server, beside.flask("token", "create", name, "--scope", ",".join(scopes)))


@pytest.fixture(scope="module")
def all_of(server: LiveServer, beside: Beside) -> dict[str, Service]:
    """Services by what they may do: everything, only read, only write; and one revoked."""
    reading = [name for name in SCOPES if name.endswith(":read")]
    writing = [name for name in SCOPES if name.endswith(":write")]
    services = {
        "all": new_service(server, beside, *SCOPES),
        "read": new_service(server, beside, *reading),
        "write": new_service(server, beside, *writing),
    }
    token = beside.flask("token", "create", "gone", "--scope", ",".join(SCOPES))
    beside.flask("token", "revoke", "gone")
    return {**services, "revoked": Service(server, token)}


@pytest.fixture(scope="module")
def scene(server: LiveServer) -> Iterator[Scene]:
    with scene_on(server) as scene:
        yield scene


@pytest.fixture(scope="module")
def scopes(app: flask.Flask) -> dict[str, str | None]:
    """The scope of every closed REST call, keyed as the matrix is; None where it's personal."""
    found = {}
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        if rule.endpoint.startswith("cookie."):
            continue  # a dialect's, which tests/live/dialects asks
        if rule.rule.startswith("/api/") and not policy_of(view).public:
            path = re.sub(r"(?<=<)[^:<>]+:", "", rule.rule)
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
                found[f"{method} {path}"] = policy_of(view).scope
    assert len(found) > 20
    assert found.keys() <= routes_of(app)
    return found


def ask(scene: Scene, service: Service, line: str, as_: str | None) -> requests.Response:
    """The call, with ids of Alice's and Bob's conversation where the matrix has a body for it."""
    method, rule = line.split(maxsplit=1)[0], ROUTES[line]
    path = line.split(maxsplit=1)[1]
    if isinstance(rule, str):
        assert "<" not in path, line
        return service.call(method, path, as_, json={"password": PASSWORD, "user_id": as_})
    body = scene.fill(rule.body) or None
    return service.call(method, scene.fill(rule.path), as_, params=rule.query, json=body)


def test_without_the_scope_nothing_that_the_person_may_do(
    scene: Scene, all_of: dict[str, Service], scopes: dict[str, str | None]
) -> None:
    before = scene.state()
    for line, needed in scopes.items():
        wrong = all_of["write" if (needed or "").endswith(":read") else "read"]
        answer = ask(scene, wrong, line, scene.alice.id)
        assert rest_error(answer)["code"] == "forbidden", line
        assert answer.status_code == 403, line
        if needed is not None:
            assert needed in answer.json()["error"]["message"]
        assert scene.leaks(answer.text) == []
    assert scene.state() == before


def test_with_all_scopes_what_the_person_may_do_and_no_more(
    scene: Scene, all_of: dict[str, Service], scopes: dict[str, str | None]
) -> None:
    """On behalf of Carol: exactly what she gets herself; and what is personal, never."""
    for place in ("direct", "group"):
        scene.where = scene.places[place]
        before = scene.state()
        for line, needed in scopes.items():
            if "/api/service/" in line:
                continue
            answer, rule = ask(scene, all_of["all"], line, scene.carol.id), ROUTES[line]
            if needed is None:
                assert rest_error(answer)["code"] == "forbidden", line
            elif isinstance(rule, Rule):
                assert answer.status_code == rule.carol, (line, answer.text[:500])
            assert scene.leaks(answer.text) == [], line
        assert scene.state() == before
    assert scene.carol.rest("GET", "/api/users/me").status_code == 200, "her token counts"


def test_for_nobody_and_for_those_who_are_gone(
    scene: Scene,
    server: LiveServer,
    all_of: dict[str, Service],
    scopes: dict[str, str | None],
    person: Callable[[str], Person],
) -> None:
    gone = person("Gone")
    deleted = gone.rest("DELETE", "/api/users/me", json={"password": PASSWORD})
    assert deleted.status_code == 204
    before = scene.state()
    for line, needed in scopes.items():
        if "/api/service/" in line:
            continue
        alone = ask(scene, all_of["all"], line, None)
        assert alone.status_code == (401 if needed else 403), line
        if needed:
            assert "On-Behalf-Of: <user id>" in rest_error(alone)["message"]
        for user_id in (NOBODY, gone.id, "x", scene.alice.username):
            answer = ask(scene, all_of["all"], line, user_id)
            assert rest_error(answer)["code"] == "forbidden", (line, user_id)
        revoked = ask(scene, all_of["revoked"], line, scene.alice.id)
        assert rest_error(revoked)["code"] == "unauthenticated", line
    assert scene.state() == before


def test_no_pages_and_no_cookie_beside(scene: Scene, all_of: dict[str, Service]) -> None:
    cookies = {"Cookie": scene.alice.web().cookie_header}
    for line, rule in ROUTES.items():
        if not isinstance(rule, Rule) or rule.anonymous != 302 or line.split()[0] != "GET":
            continue
        for extra in ({}, cookies):
            answer = requests.get(
                scene.alice.server.url + scene.fill(rule.path),
                headers={
                    "Authorization": f"Bearer {all_of['all'].token}",
                    "On-Behalf-Of": scene.alice.id,
                    **extra,
                },
                timeout=PATIENCE,
                allow_redirects=False,
            )
            assert answer.status_code == 302, line
            assert answer.headers["Location"].startswith("/login"), line


@pytest.mark.parametrize("transport", ["websocket", "polling"])
def test_it_opens_no_socket(scene: Scene, all_of: dict[str, Service], transport: str) -> None:
    token, server = all_of["all"].token, scene.alice.server
    acting = {"On-Behalf-Of": scene.alice.id}
    bearer = {"Authorization": f"Bearer {token}", **acting}
    for auth, headers in (
        ({"token": token}, {}),
        ({"token": token, "on_behalf_of": scene.alice.id}, acting),
        ({}, bearer),
        ({}, {**bearer, "Cookie": scene.alice.web().cookie_header, "Origin": server.url}),
    ):
        knocked = knock(server, transport, auth=auth, headers=headers)
        assert not knocked.welcomed, (auth, headers)


def test_revoking_ends_what_it_issued_live_sockets_included(
    server: LiveServer, beside: Beside, pair: Any
) -> None:
    name = new_username("service")
    service = Service(server, beside.flask("token", "create", name, "--scope", "tokens:write"))
    issued = service.call("POST", "/api/service/tokens", None, json={"user_id": pair.alice.id})
    token = issued.json()["token"]
    wire = Wire(server, auth={"token": token})
    assert wire.call("conversation:join", {"conversation_id": pair.id})["ok"]
    beside.flask("token", "revoke", name)
    wire.wait_for("disconnect")
    me = requests.get(
        f"{server.url}/api/users/me",
        headers={"Authorization": f"Bearer {token}"},
        timeout=PATIENCE,
    )
    assert rest_error(me)["code"] == "unauthenticated"
    assert pair.alice.rest("GET", "/api/users/me").status_code == 200


def test_what_the_document_says_works(server: LiveServer, tmp_path: Path) -> None:
    """Its shell lines, one after the other, as somebody types them."""
    text = (TOP / "docs" / "service-tokens.md").read_text(encoding="utf-8")
    lines = "\n".join(re.findall(r"```sh\n(.*?)```", text, re.S))
    assert "token create" in lines
    assert "On-Behalf-Of" in lines
    lines = lines.replace("http://127.0.0.1:5000", server.url)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", lines],
        cwd=TOP,
        env={**server.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"content":"Your order has shipped"' in done.stdout.replace(": ", ":")
    assert SECRET not in done.stdout
