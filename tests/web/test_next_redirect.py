"""`next` leads to pages of this site only, through every door that takes it.

Through Google: tests/auth/oidc/test_next.py. Over a real port: tests/live/test_sessions.py.
"""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

import pytest

from chatapp.web.next_redirect import safe_next
from tests.support.attacks import EVIL_NEXT
from tests.support.pages import PageClient
from tests.support.world import PASSWORD, register

SITE = "http://chat.example.org"


def where_a_browser_goes(location: str) -> str:
    """The host it asks next: it drops tabs and line ends, trims, and turns \\ into /."""
    for character in "\t\r\n":
        location = location.replace(character, "")
    location = location.strip("".join(map(chr, range(33)))).replace("\\", "/")
    return urlsplit(urljoin(f"{SITE}/login", location)).netloc


def test_the_measure_measures():
    """Control: followed as they are, these lead away."""
    away = [
        target
        for target in EVIL_NEXT
        if "[" not in target and where_a_browser_goes(target) != urlsplit(SITE).netloc
    ]
    assert len(away) >= 10, away


def test_every_variant_stays_here(app):
    with app.test_request_context():
        for target in (*EVIL_NEXT, None, "", " ", "\0", "x" * 10_000):
            location = safe_next(target)
            assert location.startswith("/"), target
            assert where_a_browser_goes(location) == urlsplit(SITE).netloc, (target, location)


@pytest.mark.parametrize("door", ["/login", "/register"])
@pytest.mark.slow
def test_the_forms_stay_here(app, door):
    ada = register(app, "Ada")
    for number, target in enumerate(EVIL_NEXT[::3]):  # all of them: the test above
        client = PageClient(app)
        shown = client.get(door, query_string={"next": target})
        assert shown.status_code == 200
        assert f'href="{target}"' not in shown.text
        fields = {"email": ada.email, "password": PASSWORD, "next": target}
        if door == "/register":
            fields["email"] = f"ada{number}@example.org"
        answer = client.submit(door, **fields)
        assert answer.status_code == 303, answer.text
        assert where_a_browser_goes(answer.headers["Location"]) == urlsplit(SITE).netloc, target
        assert "X-Evil" not in answer.headers
        again = client.get("/login", query_string={"next": target})
        assert again.status_code == 303
        assert where_a_browser_goes(again.headers["Location"]) == urlsplit(SITE).netloc, target


def test_where_one_wanted_to_go(app):
    ada = register(app, "Ada")
    for target in ("/people", "/chats/7?before=9", "/people?q=%2F%2Fx", "/a%20b", "/%C3%BC"):
        answer = PageClient(app).submit("/login", email=ada.email, password=PASSWORD, next=target)
        assert answer.headers["Location"] == target
