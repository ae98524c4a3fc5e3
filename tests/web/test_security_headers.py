"""Security headers and CORS on every answer that there is."""

from __future__ import annotations

import re
from dataclasses import replace
from uuid import UUID

import pytest
from werkzeug.test import Client, TestResponse

from chatapp.security.view_policy import policy
from chatapp.web.cookie_guard import CookieGuard
from chatapp.web.cors import CrossOrigin
from chatapp.web.security_headers import SecureHeaders
from tests.support.attacks import foreign_origins
from tests.support.headers import faults
from tests.support.pages import PageClient
from tests.support.world import PASSWORD, register

FRIEND = "https://friend.example"


def every_address(app):
    """Each rule of the app with ids that are nobody's, and the methods that it takes."""
    for rule in app.url_map.iter_rules():
        values = {
            name: UUID(int=0) if "UUID" in kind else 1 if "Integer" in kind else "x"
            for name, kind in (
                (name, type(rule._converters[name]).__name__) for name in rule.arguments
            )
        }
        for method in sorted(rule.methods or ()):
            yield method, rule.build(values)[1]


@pytest.mark.slow
def test_every_answer_of_every_route(app, world):
    signed_out, signed_in = app.test_client(use_cookies=False), world.alice.client
    seen = set()
    for method, path in every_address(app):
        if path in ("/logout", "/api/auth/logout"):
            continue
        for client in (signed_out, signed_in):
            for kwargs in ({}, {"json": {}}, {"data": {"x": "y"}}):
                answer = client.open(path, method=method, **kwargs)
                seen.add(answer.status_code)
                static = path.startswith("/static/") and answer.status_code == 200
                assert faults(answer.headers, static=static) == [], (method, path, answer.status)
    assert {200, 302, 303, 401, 403, 404, 415, 422} <= seen, seen


def test_pages_that_are_there(app, world):
    client = world.alice.client
    paths = ["/chats", f"/chats/{world.conversation_id}", "/people", "/settings/account"]
    for who, pages in ((client, paths), (PageClient(app), ["/", "/login", "/register"])):
        for path in pages:
            answer = who.get(path)
            assert answer.status_code == 200
            assert faults(answer.headers) == [], path


def test_answers_that_no_route_gives(app, client):
    for method, path, kwargs in (
        ("GET", "/nothing/here", {}),
        ("GET", "/api/nothing", {}),
        ("PUT", "/login", {}),
        ("DELETE", "/health", {}),
        ("TRACE", "/", {}),
        ("POST", "/login", {"data": b"x" * 300_000}),
        ("POST", "/api/auth/login", {"data": b"x" * 300_000, "content_type": "application/json"}),
        ("GET", "/static/x/../../../etc/passwd", {}),
        ("GET", "/%00", {}),
        ("GET", "/chats/99999999999999999999", {}),
        ("GET", "/people//", {}),
    ):
        answer = client.open(path, method=method, **kwargs)
        assert answer.status_code >= 300, path
        assert faults(answer.headers) == [], (method, path, answer.status)


def test_accidents_too(app, client, monkeypatch):
    @policy(public=True)
    def accident():
        raise RuntimeError("boom")

    monkeypatch.setitem(app.view_functions, "health", accident)
    monkeypatch.setattr(app, "testing", False)
    answer = client.get("/health")
    assert answer.status_code == 500
    assert "boom" not in answer.text
    assert faults(answer.headers) == []


def test_files_are_kept_for_good_and_pages_not_at_all(app, client):
    address = re.search(r'href="(/static/[^"]+\.css)"', client.get("/login").text)[1]
    answer = client.get(address)
    assert "immutable" in answer.headers["Cache-Control"]
    assert "Cookie" not in answer.headers.get("Vary", "")
    assert "Set-Cookie" not in answer.headers
    assert faults(answer.headers, static=True) == []
    again = client.get(address, headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    assert faults(again.headers, static=True) == []


def test_the_nonce_is_new_and_the_pages_own(client):
    nonces = set()
    for _ in range(3):
        answer = client.get("/login")
        (nonce,) = set(re.findall(r"'nonce-([^']+)'", answer.headers["Content-Security-Policy"]))
        used = re.findall(r"<(?:script|style)(?![^>]*\bsrc=)[^>]*>", answer.text)
        assert used
        assert all(f'nonce="{nonce}"' in tag for tag in used), used
        nonces.add(nonce)
    assert len(nonces) == 3
    assert all(len(nonce) >= 22 for nonce in nonces)


def test_no_page_has_what_the_policy_forbids(app, world):
    client = world.alice.client
    for path in ("/chats", f"/chats/{world.conversation_id}", "/people", "/settings/account"):
        text = client.get(path).text
        assert not re.search(r"<[^>]+\s(style|on[a-z]+)=", text), path
        assert "javascript:" not in text


def test_https_is_told_to_stay(app, settings):
    secure = replace(settings, base_url="https://chat.example.org")
    client = Client(SecureHeaders(app.wsgi_app, secure))
    for path in ("/login", "/nothing", "/health", "/api/users/me", "/static/x/css/base.css"):
        answer = client.get(path)
        assert faults(answer.headers, static=path.startswith("/static"), https=True) == [], path


def test_what_an_answer_says_by_itself_stays(settings):
    def app(environ, start_response):
        headers = [("Referrer-Policy", "no-referrer"), ("Cache-Control", "public, max-age=5")]
        start_response("200 OK", headers)
        return [b""]

    answer = Client(SecureHeaders(app, settings)).get("/")
    assert answer.headers.getlist("Referrer-Policy") == ["no-referrer"]
    assert answer.headers.getlist("Cache-Control") == ["public, max-age=5"]
    assert "Vary" not in answer.headers


# --- other origins


@pytest.fixture
def site(app, settings):
    """`site(SOCKET_IO_CORS…)`: the app as it answers with these origins configured."""

    def make(*cors: str, **more: str) -> Client:
        chosen = replace(settings, socket_io_cors=cors, **more)
        bare = type(app).wsgi_app.__get__(app)  # without the guards of its own settings
        guarded = CrossOrigin(CookieGuard(bare, chosen), chosen)
        return Client(SecureHeaders(guarded, chosen), use_cookies=False)

    return make


def granted(answer: TestResponse) -> dict[str, str]:
    return {
        name.lower().removeprefix("access-control-"): value
        for name, value in answer.headers
        if name.lower().startswith("access-control-")
    }


def preflight(client: Client, path: str, origin: str, method: str = "POST") -> TestResponse:
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization, content-type",
    }
    return client.options(path, headers=headers)


def test_without_configuration_no_other_origin_reads_anything(app, site, world):
    client = site()
    bearer = {"Authorization": f"Bearer {world.alice.token}"}
    for origin in foreign_origins("http://127.0.0.1:5000"):
        for path in ("/api/users/me", "/health", "/api/nothing", "/login", "/socket.io/?EIO=4"):
            answer = client.get(path, headers={**bearer, "Origin": origin})
            assert granted(answer) == {}, (origin, path)
            assert granted(preflight(client, path, origin)) == {}, (origin, path)


def test_a_configured_origin_reads_with_token_and_cookie(app, site, world):
    client = site(FRIEND, frontend_url="https://app.example.org")
    cookie = world.alice.client.get_cookie("chatapp_session").value
    for origin in (FRIEND, "https://app.example.org", "http://localhost:5000"):
        for credential in (
            {"Authorization": f"Bearer {world.alice.token}"},
            {"Cookie": f"chatapp_session={cookie}"},
        ):
            answer = client.get("/api/users/me", headers={**credential, "Origin": origin})
            assert answer.status_code == 200, origin
            assert granted(answer)["allow-origin"] == origin
            assert granted(answer)["allow-credentials"] == "true"
            assert {"Origin", "Cookie"} <= set(answer.headers["Vary"].split(", "))
        asked = preflight(client, "/api/chat", origin, "PATCH")
        assert asked.status_code == 204
        assert granted(asked)["allow-origin"] == origin
        assert "PATCH" in granted(asked)["allow-methods"]
        assert "Authorization" in granted(asked)["allow-headers"]
        assert "allow-private-network" not in granted(asked)
        assert faults(asked.headers) == []
    for origin in foreign_origins("http://127.0.0.1:5000"):
        headers = {"Authorization": f"Bearer {world.alice.token}", "Origin": origin}
        assert granted(client.get("/api/users/me", headers=headers)) == {}, origin


def test_errors_can_be_read_too(site):
    answer = site(FRIEND).get("/api/users/me", headers={"Origin": FRIEND})
    assert answer.status_code == 401
    assert granted(answer)["allow-origin"] == FRIEND


def test_pages_are_no_other_origins(site):
    client = site(FRIEND, "*")
    for path in ("/login", "/", "/apish", "/static/x/css/base.css", "/auth/google"):
        assert granted(client.get(path, headers={"Origin": FRIEND})) == {}, path
        assert granted(preflight(client, path, FRIEND)) == {}, path
    for path in ("/API/users/me", "//api/users/me", "/api%2Fusers/me", "/x/../api/users/me"):
        answer = client.get(path, headers={"Origin": FRIEND})
        assert answer.status_code == 404 or granted(answer).get("allow-origin") == FRIEND, path


def test_a_star_is_for_tokens(app, site, world):
    client = site("*", FRIEND)
    cookie = world.alice.client.get_cookie("chatapp_session").value
    for origin in foreign_origins("http://127.0.0.1:5000"):
        headers = {"Origin": origin, "Authorization": f"Bearer {world.alice.token}"}
        answer = client.get("/api/users/me", headers=headers)
        assert granted(answer)["allow-origin"] == "*"
        assert "allow-credentials" not in granted(answer)
        headers = {"Origin": origin, "Cookie": f"chatapp_session={cookie}"}
        refused = client.get("/api/users/me", headers=headers)
        assert refused.status_code == 401, origin
        assert "allow-credentials" not in granted(refused)
    friend = client.get(
        "/api/users/me", headers={"Origin": FRIEND, "Cookie": f"chatapp_session={cookie}"}
    )
    assert granted(friend)["allow-credentials"] == "true"
    assert friend.status_code == 200


def test_a_foreign_page_cannot_call_with_the_cookie(app, site, world):
    """Not even where the browser would hide the answer from it, and with the right token."""
    cookie = world.alice.client.get_cookie("chatapp_session").value
    token = world.alice.client.page("/chats").csrf_token
    headers = {
        "Cookie": f"chatapp_session={cookie}",
        "X-CSRF-Token": token,
        "Origin": "https://evil.example",
    }
    path = f"/api/chat/{world.conversation_id}/messages"
    answer = site().post(path, json={"content": "forged"}, headers=headers)
    assert answer.status_code == 401
    own = {**headers, "Origin": "http://localhost"}
    assert site().post(path, json={"content": "mine"}, headers=own).status_code == 201


def test_signing_in_from_another_origin(app, site):
    ada = register(app, "Ada")
    client = site(FRIEND)
    body = {"email": ada.email, "password": PASSWORD}
    answer = client.post("/api/auth/login", json=body, headers={"Origin": FRIEND})
    assert answer.status_code == 200
    assert granted(answer)["allow-origin"] == FRIEND
    foreign = client.post("/api/auth/login", json=body, headers={"Origin": "https://evil.example"})
    assert granted(foreign) == {}
