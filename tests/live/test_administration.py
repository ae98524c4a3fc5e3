"""From the first start to running it: the printed code, the command line, a closed door."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from tests.support.cast import Register
from tests.support.people import PASSWORD, WebSession, at_once
from tests.support.server import LiveServer
from tests.support.waiting import PATIENCE, at_most

pytestmark = pytest.mark.live

CODE = re.compile(r"enter the code  ([0-9A-Z]{4}(?:-[0-9A-Z]{4}){3})\n")


@pytest.fixture
def fresh(new_server: Callable[..., LiveServer]) -> LiveServer:
    """A server that was never started before."""
    return new_server(fresh=True, RATE_LIMITS="on")


def log_in(server: LiveServer, name: str, password: str = PASSWORD) -> requests.Response:
    return requests.post(
        f"{server.url}/api/auth/login", json={"email": name, "password": password}, timeout=PATIENCE
    )


def test_the_first_start_prints_a_code_that_works_once(
    fresh: LiveServer, register: Register
) -> None:
    eve = register(fresh, "Eve")
    assert eve.user["is_staff"] is False, "who comes first is nobody special"
    fresh.restart()
    printed = CODE.findall(fresh.log())
    assert len(printed) == 2, "until it is used, every start prints it"
    assert len(set(printed)) == 1
    assert f"{fresh.url}/setup" in fresh.log()

    people = [WebSession(fresh) for _ in range(4)]
    forms = [who.page("/setup").form("/setup") for who in people]
    given = {"code": printed[0], "name": "Ada", "password": PASSWORD}
    answers = at_once(
        [
            lambda who=who, fields={**form.fields, **given, "email": f"ada{number}@example.org"}: (
                who.request("POST", "/setup", data=fields).status_code
            )
            for number, (who, form) in enumerate(zip(people, forms, strict=True))
        ]
    )
    assert sorted(answers) == [303, 404, 404, 404]
    assert eve.get("/api/users/me")["is_staff"] is False
    assert not Path(fresh.environ["INSTANCE_DIR"], "setup_code").exists()
    fresh.restart()
    assert len(CODE.findall(fresh.log())) == 2, "no start prints it any more"
    assert requests.get(f"{fresh.url}/setup", timeout=PATIENCE).status_code == 404


def test_the_command_line(fresh: LiveServer, register: Register) -> None:
    made = fresh.flask(
        *("user", "create", "Ada@Example.org", "--name", "Ada", "--staff"), typed=f"{PASSWORD}\n"
    )
    assert made == "ada can log in now, as an administrator."
    assert log_in(fresh, "ada@example.org").json()["user"]["is_staff"] is True
    assert "password" in fresh.flask(
        "user", "create", "bob@example.org", typed="short\n", fails=True
    )
    assert "There is already an account" in fresh.flask(
        "user", "create", "ada@example.org", typed=f"{PASSWORD}\n", fails=True
    )
    assert "no account called zoe" in fresh.flask("user", "staff", "zoe", fails=True)

    bob = register(fresh, "Bob")
    fresh.flask("user", "staff", bob.username)
    assert bob.get("/api/users/me")["is_staff"] is True
    fresh.flask("user", "staff", bob.email, "--remove")
    assert bob.get("/api/users/me")["is_staff"] is False
    listed = fresh.flask("user", "list").splitlines()
    assert [line.split("\t")[:3] for line in listed] == [
        ["ada", "ada@example.org", "administrator"],
        [bob.username, bob.email, "-"],
    ]


def test_deactivated_on_the_command_line_sockets_end(fresh: LiveServer, register: Register) -> None:
    bob = register(fresh, "Bob")
    wire, browser = bob.wire(), bob.web()
    fresh.flask("user", "deactivate", bob.username)
    wire.wait_for("disconnect", timeout=at_most(5))
    assert bob.rest("GET", "/api/users/me").status_code == 401
    assert browser.request("GET", "/chats").status_code == 302
    refused = log_in(fresh, bob.email)
    assert refused.status_code == 403
    assert "deactivated" in refused.json()["error"]["message"]
    fresh.flask("user", "activate", bob.username)
    assert log_in(fresh, bob.email).status_code == 200


def test_a_new_password_ends_the_old_and_any_lock(fresh: LiveServer, register: Register) -> None:
    bob = register(fresh, "Bob")
    wire = bob.wire()
    for _ in range(6):
        locked = log_in(fresh, bob.email, "not the password")
    assert locked.status_code == 429
    fresh.flask("user", "password", bob.username, typed="another good one\n")
    wire.wait_for("disconnect", timeout=at_most(5))
    assert bob.rest("GET", "/api/users/me").status_code == 401
    assert log_in(fresh, bob.email).status_code == 401
    assert log_in(fresh, bob.email, "another good one").status_code == 200


def test_a_closed_server_and_one_by_invitation(new_server: Callable[..., LiveServer]) -> None:
    def registers(server: LiveServer, token: str | None = None) -> int:
        body = {"email": "bob@example.org", "password": PASSWORD, "invitation": token}
        return requests.post(
            f"{server.url}/api/auth/register", json=body, timeout=PATIENCE
        ).status_code

    for mode, answer in (("closed", 403), ("invite", 201)):
        server = new_server(REGISTRATION=mode)
        link = server.flask("user", "invite")
        assert link.startswith(f"{server.url}/register?invitation=")
        assert registers(server) == 403
        assert registers(server, link.partition("=")[2]) == answer
        assert registers(server, link.partition("=")[2]) == 403
        assert link.partition("=")[2] not in server.log()
