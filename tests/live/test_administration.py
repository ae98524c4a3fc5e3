"""From the first start to running it: the printed code, the command line, a closed door."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import requests

from tests.support.beside import Beside
from tests.support.cast import Register
from tests.support.people import PASSWORD, WebSession, at_once
from tests.support.server import LiveServer
from tests.support.waiting import PATIENCE, at_most

pytestmark = pytest.mark.live

CODE = re.compile(r"enter the code  ([0-9A-Z]{4}(?:-[0-9A-Z]{4}){3})\n")


@pytest.fixture(scope="module")
def fresh(new_server: Callable[..., LiveServer]) -> LiveServer:
    """A server that was never started before the first test here."""
    return new_server(fresh=True, RATE_LIMITS="on")


@pytest.fixture(scope="module")
def beside(fresh: LiveServer) -> Iterator[Beside]:
    """A further process on its data, where several commands run one after the other."""
    process = Beside(fresh)
    yield process
    process.close()


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


def test_the_command_line(fresh: LiveServer, beside: Beside, register: Register) -> None:
    made = fresh.flask(
        *("user", "create", "Grace@Example.org", "--name", "Grace", "--staff"),
        typed=f"{PASSWORD}\n",
    )
    assert made == "grace can log in now, as an administrator."
    assert log_in(fresh, "grace@example.org").json()["user"]["is_staff"] is True
    assert "no account called zoe" in fresh.flask("user", "staff", "zoe", fails=True)
    assert "password" in beside.flask(
        "user", "create", "bob@example.org", typed="short\n", fails=True
    )
    assert "There is already an account" in beside.flask(
        "user", "create", "grace@example.org", typed=f"{PASSWORD}\n", fails=True
    )

    known = beside.flask("user", "list").splitlines()
    bob = register(fresh, "Bob")
    beside.flask("user", "staff", bob.username)
    assert bob.get("/api/users/me")["is_staff"] is True
    beside.flask("user", "staff", bob.email, "--remove")
    assert bob.get("/api/users/me")["is_staff"] is False
    listed = beside.flask("user", "list").splitlines()
    assert len(listed) == len(known) + 1
    (new,) = set(listed) - set(known)
    assert new.split("\t")[:3] == [bob.username, bob.email, "-"]
    assert ["grace", "grace@example.org", "administrator"] in [
        line.split("\t")[:3] for line in listed
    ]


def test_deactivated_on_the_command_line_sockets_end(
    fresh: LiveServer, beside: Beside, register: Register
) -> None:
    bob = register(fresh, "Bob")
    wire, browser = bob.wire(), bob.web()
    beside.flask("user", "deactivate", bob.username)
    wire.wait_for("disconnect", timeout=at_most(5))
    assert bob.rest("GET", "/api/users/me").status_code == 401
    assert browser.request("GET", "/chats").status_code == 302
    refused = log_in(fresh, bob.email)
    assert refused.status_code == 403
    assert "deactivated" in refused.json()["error"]["message"]
    beside.flask("user", "activate", bob.username)
    assert log_in(fresh, bob.email).status_code == 200


def test_a_new_password_ends_the_old_and_any_lock(
    fresh: LiveServer, beside: Beside, register: Register
) -> None:
    bob = register(fresh, "Bob")
    wire = bob.wire()
    for _ in range(6):
        locked = log_in(fresh, bob.email, "not the password")
    assert locked.status_code == 429
    beside.flask("user", "password", bob.username, typed="another good one\n")
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

    closed = new_server(REGISTRATION="closed")
    by_invitation = new_server(
        REGISTRATION="invite", DATABASE_URL=closed.environ["DATABASE_URL"], BASE_URL=closed.url
    )
    with closing(Beside(closed)) as beside:
        links = [beside.flask("user", "invite") for _ in range(2)]
    for server, link, answer in zip((closed, by_invitation), links, (403, 201), strict=True):
        assert link.startswith(f"{closed.url}/register?invitation=")
        assert registers(server) == 403
        assert registers(server, link.partition("=")[2]) == answer
        assert registers(server, link.partition("=")[2]) == 403
        assert link.partition("=")[2] not in server.log()
