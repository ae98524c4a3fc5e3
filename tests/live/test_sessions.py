"""What a cookie authenticates: CSRF, session ids, redirects."""

from __future__ import annotations

import json
from collections.abc import Callable
from urllib.parse import urljoin, urlsplit
from uuid import UUID

import flask
import pytest
import requests

from tests.support.attacks import EVIL_NEXT
from tests.support.cast import Pair
from tests.support.errors import rest_error
from tests.support.html import Page
from tests.support.people import PASSWORD, Person, WebSession
from tests.support.server import LiveServer
from tests.support.waiting import PATIENCE

pytestmark = pytest.mark.live


# These take no notice of a cookie and set none; that they want JSON keeps other sites' forms out.
COOKIELESS = ("/api/auth/login", "/api/auth/register")
# One dialect's, which tells errors in its own shape.
COOKIES_OWN = ("/api/auth/signup", "/api/messages/send/")


def posts(app: flask.Flask) -> list[str]:
    """Every rule that changes state by a cookie, with ids that don't matter filled in.

    Services' own calls know none.
    """
    found = []
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) & {"POST", "PUT", "PATCH", "DELETE"}):
            values = {name: _example(rule, name) for name in rule.arguments}
            built = rule.build(values)
            assert built is not None, rule
            if built[1] not in COOKIELESS and not built[1].startswith("/api/service/"):
                found.append(f"{method} {built[1]}")
    assert len(found) >= 8, found
    return found


def _example(rule: object, name: str) -> object:
    converter = type(rule._converters[name]).__name__  # type: ignore[attr-defined]
    if converter == "UUIDConverter":
        return UUID("00000000-0000-4000-8000-000000000000")
    return 1 if converter == "IntegerConverter" else "x"


def test_every_change_by_cookie_wants_the_token(app: flask.Flask, pair: Pair) -> None:
    """403 on every state-changing route there is, the ones of later work included."""
    session, other = pair.alice.web(), pair.bob.web()
    foreign_token = other.page("/chats").csrf_token
    for line in posts(app):
        method, _, path = line.partition(" ")
        for kind, kwargs in {
            "form without": {"data": {"content": "x"}},
            "form with another's": {"data": {"content": "x", "csrf_token": foreign_token}},
            "form with nonsense": {"data": {"csrf_token": "x"}},
            "JSON without": {"json": {"content": "x"}},
            "JSON with another's": {"json": {}, "headers": {"X-CSRF-Token": foreign_token}},
            "text": {"data": '{"content": "x"}', "headers": {"Content-Type": "text/plain"}},
            "override": {
                "data": {"content": "x"},
                "headers": {"X-HTTP-Method-Override": "GET"},
            },
        }.items():
            answer = session.request(method, path, **kwargs)
            assert answer.status_code == 403, (line, kind, answer.status_code, answer.text[:300])
            if path.startswith("/api/") and not path.startswith(COOKIES_OWN):
                assert rest_error(answer)["code"] == "forbidden", line
    assert session.request("GET", "/chats").status_code == 200, "not even signed out"


def test_login_and_register_by_api_know_no_cookies(pair: Pair) -> None:
    session = WebSession(pair.alice.server)
    right = {"email": pair.alice.email, "password": PASSWORD}
    for path in COOKIELESS:
        for content_type in ("application/x-www-form-urlencoded", "text/plain"):
            headers = {"Content-Type": content_type}
            answer = session.request("POST", path, data=json.dumps(right), headers=headers)
            assert rest_error(answer)["code"] == "unsupported_media_type", (path, content_type)
    answer = session.request("POST", "/api/auth/login", json=right)
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers
    assert session.request("GET", "/chats").status_code == 302


def test_with_the_token_a_cookie_may_call_the_api(pair: Pair) -> None:
    session = pair.alice.web()
    address = f"/api/chat/{pair.id}/messages"
    refused = session.request("POST", address, json={"content": "without"})
    assert refused.status_code == 403
    headers = {"X-CSRF-Token": session.page(f"/chats/{pair.id}").csrf_token}
    sent = session.request("POST", address, json={"content": "with"}, headers=headers)
    assert sent.status_code == 201, sent.text
    assert [message["content"] for message in pair.bob.history(pair.id)] == ["with"]
    assert session.request("GET", f"/api/chat/{pair.id}").status_code == 200, "reading needs none"


def test_a_bearer_needs_no_csrf_token_and_a_false_one_is_not_made_good(pair: Pair) -> None:
    assert pair.alice.says(pair.id, "fine")["seq"] == 1
    session = pair.alice.web()
    answer = session.request("GET", "/api/users/me", headers={"Authorization": "Bearer x"})
    assert answer.status_code == 401


@pytest.mark.database
def test_signing_in_gives_a_new_session_id(server: LiveServer, pair: Pair) -> None:
    session = WebSession(server)
    session.page("/login")
    assert not session.cookie_header, "just looking at the form makes no session"
    session.submit("/login", email=pair.alice.email, password=PASSWORD)
    before = session.cookie_header
    token = session.page("/chats").csrf_token
    given = {"csrf_token": token, "email": pair.alice.email, "password": PASSWORD}
    assert session.request("POST", "/login", data=given).status_code == 303
    after = session.cookie_header
    assert after != before
    assert len(after.partition("=")[2]) >= 32
    planted = WebSession(server)
    planted.http.headers["Cookie"] = before
    assert planted.request("GET", "/chats").status_code == 302, "the old id leads nowhere"


@pytest.mark.database
def test_an_unknown_session_id_is_not_adopted(server: LiveServer, pair: Pair) -> None:
    name = next(iter(pair.alice.web().http.cookies)).name
    for chosen in ("A" * 43, "attacker", "0" * 64):
        session = WebSession(server)
        session.http.cookies.set(name, chosen, domain="127.0.0.1", path="/")
        session.page("/login")
        session.submit("/login", email=pair.alice.email, password=PASSWORD)
        values = [cookie.value for cookie in session.http.cookies if cookie.name == name]
        assert chosen not in values
        answer = requests.get(
            f"{server.url}/chats",
            headers={"Cookie": f"{name}={chosen}"},
            allow_redirects=False,
            timeout=PATIENCE,
        )
        assert answer.status_code == 302


def test_the_session_cookie_is_for_http_and_this_site_only(server: LiveServer) -> None:
    answer = requests.get(f"{server.url}/login", timeout=PATIENCE)
    (cookie,) = [value for name, value in answer.raw.headers.items() if name == "Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie


def test_next_stays_on_the_site(server: LiveServer, pair: Pair) -> None:
    urls = [
        *EVIL_NEXT,
        f"{server.url}@evil.example",
        f"{server.url}.evil.example",
        f"//{server.url}",
    ]
    for target in urls:
        session = WebSession(server)
        shown = session.request("GET", "/login", params={"next": target})
        assert shown.status_code == 200
        form = session.page("/login").form("/login")
        data = {**form.fields, "email": pair.alice.email, "password": PASSWORD, "next": target}
        answer = session.request("POST", "/login", data=data)
        assert answer.status_code in (302, 303), target
        assert "X-Evil" not in answer.headers
        assert _where_a_browser_goes(server, answer.headers["Location"]) == server.url[7:], target


def _where_a_browser_goes(server: LiveServer, location: str) -> str:
    """The host that a browser would ask next: it drops tabs and line ends and turns \\ into /."""
    for character in "\t\r\n":
        location = location.replace(character, "")
    location = location.strip().replace("\\", "/")
    return urlsplit(urljoin(f"{server.url}/login", location)).netloc


def test_next_leads_where_one_wanted_to_go(server: LiveServer, pair: Pair) -> None:
    session = WebSession(server)
    wanted = f"/chats/{pair.id}?before=9"
    sent_off = session.request("GET", wanted)
    assert sent_off.status_code == 302
    login = sent_off.headers["Location"]
    assert urlsplit(login).path == "/login"
    answer = session.submit(login, "/login", email=pair.alice.email, password=PASSWORD)
    assert urljoin(server.url, answer.headers["Location"]) == server.url + wanted


@pytest.mark.database
def test_signed_in_and_out_again(server: LiveServer, pair: Pair) -> None:
    session: WebSession = pair.alice.web()
    assert session.request("GET", "/chats").status_code == 200
    assert session.request("GET", "/logout").status_code == 405, "a link must not sign one out"
    session.submit("/chats", "/logout")
    away = session.request("GET", "/chats")
    assert away.status_code == 302
    assert urlsplit(away.headers["Location"]).path == "/login"


@pytest.mark.database
def test_registering_by_form_signs_in(server: LiveServer) -> None:
    someone = Person(server, "Someone")
    session = WebSession(server)
    answer = session.submit(
        "/register", email=f"new-{someone.email}", password=PASSWORD, name="By form"
    )
    assert answer.status_code in (302, 303), answer.text
    assert session.request("GET", "/chats").status_code == 200
    assert "By form" in session.page("/chats").html


@pytest.fixture(scope="module")
def by_https(new_server: Callable[..., LiveServer]) -> LiveServer:
    """A server behind a proxy that speaks https; we ask it as that proxy would."""
    return new_server(BASE_URL="https://chat.example.org")


def cookies_named(name: str, answer: requests.Response) -> list[str]:
    headers = answer.raw.headers.getlist("Set-Cookie")
    return [value for value in headers if value.startswith(f"{name}=")]


def session_cookies(answer: requests.Response) -> list[str]:
    return cookies_named("__Host-chatapp_session", answer)


def test_by_https_the_cookie_is_bound_to_host_and_scheme(by_https: LiveServer) -> None:
    alice = Person(by_https, "Alice")
    shown = requests.get(f"{by_https.url}/login", timeout=PATIENCE)
    assert session_cookies(shown) == []
    (anonymous,) = cookies_named("__Host-chatapp_csrf", shown)
    pair = anonymous.split(";")[0]
    token = Page(shown.text).form("/login").fields["csrf_token"]

    def post(path: str, cookie: str, **fields: str) -> requests.Response:
        return requests.post(
            f"{by_https.url}{path}",
            data={"csrf_token": token, **fields},
            headers={"Cookie": cookie, "Referer": "https://chat.example.org/login"},
            allow_redirects=False,
            timeout=PATIENCE,
        )

    signed_in = post("/login", pair, email=alice.email, password=PASSWORD)
    assert signed_in.status_code == 303, signed_in.text
    (cookie,) = session_cookies(signed_in)
    mine = cookie.split(";")[0]
    assert mine != pair
    page = requests.get(f"{by_https.url}/chats", headers={"Cookie": mine}, timeout=PATIENCE)
    token = Page(page.text).csrf_token
    out = post("/logout", mine)
    assert out.status_code == 303, out.text
    (deleted,) = session_cookies(out)
    assert "Max-Age=0" in deleted
    for one in (anonymous, cookie, deleted):
        for attribute in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
            assert f"; {attribute}" in one, one
        assert "Domain" not in one
    plain = mine.replace("__Host-", "")
    for value in (mine, plain):
        again = requests.get(
            f"{by_https.url}/chats",
            headers={"Cookie": value},
            allow_redirects=False,
            timeout=PATIENCE,
        )
        assert again.status_code == 302


def test_by_https_the_plain_name_is_no_session(by_https: LiveServer) -> None:
    """A neighbour on another port or without https can set that name, but not `__Host-`."""
    shown = requests.get(f"{by_https.url}/login", timeout=PATIENCE)
    (cookie,) = cookies_named("__Host-chatapp_csrf", shown)
    alice = Person(by_https, "Alice")
    given = {"email": alice.email, "password": PASSWORD}
    given["csrf_token"] = Page(shown.text).form("/login").fields["csrf_token"]

    def post(cookie: str) -> requests.Response:
        headers = {"Cookie": cookie, "Referer": "https://chat.example.org/login"}
        return requests.post(
            f"{by_https.url}/login", given, headers=headers, allow_redirects=False, timeout=PATIENCE
        )

    def look(cookie: str) -> int:
        headers = {"Cookie": cookie}
        url = f"{by_https.url}/chats"
        return requests.get(
            url, headers=headers, allow_redirects=False, timeout=PATIENCE
        ).status_code

    pair = cookie.split(";")[0]
    assert post(pair.replace("__Host-", "")).status_code == 403, "nor a form's cookie"
    (mine,) = session_cookies(post(pair))
    session = mine.split(";")[0]
    assert look(session) == 200
    assert look(session.replace("__Host-", "")) == 302
