"""Where one is signed in, and what ending it ends: requests, tokens, open sockets."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import requests

from tests.support.beside import Beside
from tests.support.cast import Pair
from tests.support.people import PASSWORD, Person
from tests.support.relaxed import shortened
from tests.support.server import LiveServer
from tests.support.waiting import PATIENCE, at_most
from tests.support.wire import Wire

pytestmark = [pytest.mark.live, pytest.mark.database]

#: Seconds in which a socket must be gone whose sign-in has ended.
SOON = 5


@pytest.fixture(scope="module")
def server(new_server: Callable[..., LiveServer]) -> LiveServer:
    """A server that looks five times as often which sign-ins have ended.

    `test_deactivated_on_the_command_line_sockets_end` has the real interval.
    """
    return new_server(**shortened(**{"chatapp.realtime.revalidation.INTERVAL_SECONDS": 0.5}))


def test_what_ends_in_another_process_ends_sockets_here(
    server: LiveServer, beside: Beside, pair: Pair
) -> None:
    web = pair.alice.web()
    by_token, others = pair.alice.wire(), pair.bob.wire()
    by_cookie = Wire(server, headers={"Cookie": web.cookie_header, "Origin": server.url})
    pair.alice.wires.append(by_cookie)
    beside.run(f"""
        from chatapp.auth import sign_ins
        assert sign_ins.end_all_sign_ins("{pair.alice.id}") == 2
    """)
    for wire in (by_token, by_cookie):
        wire.wait_for("disconnect", timeout=at_most(SOON))
    assert pair.alice.rest("GET", "/api/users/me").status_code == 401
    assert web.request("GET", "/chats").status_code == 302
    others.settle()
    assert others.connected


def test_who_is_deactivated_elsewhere_is_out(beside: Beside, pair: Pair) -> None:
    wire = pair.alice.wire()
    beside.run(f"""
        from chatapp.core.db import atomic
        from chatapp.models import User
        with atomic() as work:
            work.get_one(User, "{pair.alice.id}").is_active = False
    """)
    wire.wait_for("disconnect", timeout=at_most(SOON))
    assert pair.alice.rest("GET", "/api/users/me").status_code == 401


def sign_ins_of(person: Person) -> list[dict[str, object]]:
    items: list[dict[str, object]] = person.get("/api/auth/sessions")["items"]
    return items


def test_ending_one_through_another_process(server: LiveServer, beside: Beside, pair: Pair) -> None:
    alice = pair.alice
    lost = alice.new_login()
    mine, theirs = alice.wire(), Wire(server, auth={"token": lost})
    alice.wires.append(theirs)
    (other,) = [item["id"] for item in sign_ins_of(alice) if not item["current"]]
    headers = {"Authorization": f"Bearer {alice.token}"}
    answer = beside.request("DELETE", f"/api/auth/sessions/{other}", headers=headers)
    assert answer == 204
    theirs.wait_for("disconnect", timeout=at_most(SOON))
    mine.settle()
    late = requests.get(
        f"{server.url}/api/users/me", headers={"Authorization": f"Bearer {lost}"}, timeout=PATIENCE
    )
    assert late.status_code == 401


def test_ending_all_others_by_the_page(server: LiveServer, pair: Pair) -> None:
    alice = pair.alice
    here, elsewhere, wire = alice.web(), alice.web(), alice.wire()
    lost = Wire(server, headers={"Cookie": elsewhere.cookie_header, "Origin": server.url})
    kept = Wire(server, headers={"Cookie": here.cookie_header, "Origin": server.url})
    alice.wires += [lost, kept]
    assert here.submit("/settings/sessions", "/settings/sessions/end").status_code == 303
    for one in (wire, lost):
        one.wait_for("disconnect", timeout=at_most(SOON))
    assert elsewhere.request("GET", "/chats").status_code == 302
    assert alice.rest("GET", "/api/users/me").status_code == 401
    kept.settle()
    assert here.request("GET", "/chats").status_code == 200


def test_a_new_password_ends_sockets_through_another_process(
    server: LiveServer, beside: Beside, pair: Pair
) -> None:
    alice = pair.alice
    mine, theirs = alice.wire(), Wire(server, auth={"token": alice.new_login()})
    alice.wires.append(theirs)
    answer = beside.request(
        "PUT",
        "/api/users/me/password",
        json={"current_password": PASSWORD, "password": "another long secret"},
        headers={"Authorization": f"Bearer {alice.token}"},
    )
    assert answer == 204
    theirs.wait_for("disconnect", timeout=at_most(SOON))
    mine.settle()


def test_a_token_that_expires_takes_its_sockets_along(beside: Beside, pair: Pair) -> None:
    wire = pair.alice.wire()
    beside.run(f"""
        from datetime import timedelta
        from sqlalchemy import update
        from chatapp.core.db import atomic, now
        from chatapp.models import SignIn
        with atomic() as work:
            theirs = update(SignIn).where(SignIn.user_id == "{pair.alice.id}")
            work.execute(theirs.values(expires_at=now() - timedelta(seconds=1)))
    """)
    wire.wait_for("disconnect", timeout=at_most(SOON))
