"""A provider that is down, slow, wrongly configured or changes its keys."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from chatapp.auth.oidc import client as oidc_client
from chatapp.auth.oidc import http_session
from tests.support.html import Page
from tests.support.oidc import come_back, sign_in, signed_in
from tests.support.pages import PageClient
from tests.support.provider import CLIENT_SECRET, CUT, new_key
from tests.support.waiting import at_most


@pytest.mark.slow
def test_a_provider_that_is_down(app, client, provider):
    provider.status = {"/.well-known/openid-configuration": 503}
    answer = client.get("/auth/google")
    assert answer.status_code == 503
    assert "Google isn&#39;t answering" in answer.text
    assert Page(answer.text).form("/login")
    provider.status = {}
    for path in ("/token", "/keys"):
        for status in (500, 502, 429):
            oidc_client.get_client.cache_clear()
            back = come_back(client, provider)
            provider.status = {path: status}
            answer = client.get(back)
            assert answer.status_code in (503, 403), (path, status, answer.text)
            assert answer.status_code == 503 or status == 429
            provider.status = {}
    assert sign_in(client, provider).status_code == 303, "and it heals by itself"


def test_a_provider_that_never_answers(app, client, provider, monkeypatch):
    monkeypatch.setattr(oidc_client, "HTTP_TIMEOUT_SECONDS", (0.2, 0.2))
    oidc_client.get_client.cache_clear()
    back = come_back(client, provider)
    provider.status = {"/token": 0}
    start = time.monotonic()
    answer = client.get(back)
    provider.silent.set()
    assert answer.status_code == 503
    assert time.monotonic() - start < at_most(5)


def test_a_provider_that_isnt_there(app, client, provider, monkeypatch):
    settings = replace(
        app.config["SETTINGS"],
        oauth_metadata_url="http://127.0.0.1:1/.well-known/openid-configuration",
    )
    monkeypatch.setitem(app.config, "SETTINGS", settings)
    assert client.get("/auth/google").status_code == 503


@pytest.mark.parametrize(
    "lie",
    [
        {"issuer": "https://accounts.google.com"},
        {"issuer": None},
        {"token_endpoint": None},
        {"jwks_uri": 5},
        {"token_endpoint": "ftp://127.0.0.1/token"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"padding": "x" * 2_000_000},
    ],
)
def test_invalid_metadata(client, provider, lie):
    provider.metadata = lie
    assert client.get("/auth/google").status_code == 503


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/token"])
def test_an_answer_that_ends_in_the_middle(client, provider, path):
    back = come_back(client, provider) if path == "/token" else "/auth/google"
    provider.status = {path: CUT}
    assert client.get(back).status_code == 503


def test_redirects_are_not_followed(client, provider):
    provider.status = {"/.well-known/openid-configuration": 302}
    assert client.get("/auth/google").status_code == 503
    assert provider.asked["/keys"] == 0


def test_an_answer_has_a_time_limit_as_a_whole(client, provider, monkeypatch):
    """Each byte comes in time; all of them don't."""

    @contextmanager
    def at_once(_seconds: float) -> Iterator[None]:
        raise TimeoutError
        yield

    monkeypatch.setattr(http_session.concurrency, "time_limit", at_once)
    assert client.get("/auth/google").status_code == 503


def test_a_wrong_client_secret(app, client, provider, monkeypatch):
    settings = replace(app.config["SETTINGS"], google_client_secret="another")
    monkeypatch.setitem(app.config, "SETTINGS", settings)
    assert sign_in(client, provider).status_code == 403
    provider.answer = {"error": "invalid_client"}
    monkeypatch.setitem(
        app.config, "SETTINGS", replace(settings, google_client_secret=CLIENT_SECRET)
    )
    answer = sign_in(client, provider)
    assert answer.status_code == 503
    assert "set up" in answer.text


def test_metadata_and_keys_are_read_once_an_hour(app, provider, monkeypatch):
    for _ in range(3):
        sign_in(PageClient(app), provider)
    metadata = "/.well-known/openid-configuration"
    assert (provider.asked[metadata], provider.asked["/keys"]) == (1, 1)
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 3601)
    provider.status = {metadata: 500}
    assert PageClient(app).get("/auth/google").status_code == 303, "what was known still serves"
    provider.status = {}
    monkeypatch.setattr(time, "time", lambda: real() + 3601 + 61)
    PageClient(app).get("/auth/google")
    assert provider.asked[metadata] == 3


@pytest.mark.parametrize("kid", ["second", "first", None], ids=["new id", "same id", "no id"])
@pytest.mark.slow
def test_keys_that_change(app, provider, kid):
    first = new_key("first" if kid else None)
    provider.keys = [first]
    assert sign_in(PageClient(app), provider).status_code == 303
    provider.keys = [new_key(kid)]
    client = PageClient(app)
    assert sign_in(client, provider).status_code == 303
    assert signed_in(client)
    provider.sign = lambda claims: provider.signed(claims, key=first)
    assert sign_in(PageClient(app), provider).status_code == 403, "the old one counts no more"
