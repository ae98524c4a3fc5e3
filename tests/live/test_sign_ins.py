"""Where one is signed in, and what ending it ends: requests, tokens, open sockets."""

from __future__ import annotations

import pytest

from tests.cast import Pair
from tests.support.server import LiveServer
from tests.support.wire import Wire

pytestmark = pytest.mark.live

#: Seconds in which a socket must be gone whose sign-in has ended.
SOON = 5


def test_what_ends_in_another_process_ends_sockets_here(server: LiveServer, pair: Pair) -> None:
    web = pair.alice.web()
    by_token, others = pair.alice.wire(), pair.bob.wire()
    by_cookie = Wire(server, headers={"Cookie": web.cookie_header, "Origin": server.url})
    pair.alice.wires.append(by_cookie)
    server.elsewhere(f"""
        from chatapp.auth import sign_ins
        assert sign_ins.end_all("{pair.alice.id}") == 2
    """)
    for wire in (by_token, by_cookie):
        wire.wait_for("disconnect", timeout=SOON)
    assert pair.alice.rest("GET", "/api/users/me").status_code == 401
    assert web.request("GET", "/chats").status_code == 302
    others.settle()
    assert others.connected


def test_who_is_deactivated_elsewhere_is_out(server: LiveServer, pair: Pair) -> None:
    wire = pair.alice.wire()
    server.elsewhere(f"""
        from chatapp.db import atomic
        from chatapp.models import User
        with atomic() as work:
            work.get_one(User, "{pair.alice.id}").is_active = False
    """)
    wire.wait_for("disconnect", timeout=SOON)
    assert pair.alice.rest("GET", "/api/users/me").status_code == 401
