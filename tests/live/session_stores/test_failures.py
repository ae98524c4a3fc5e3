"""A session store that is away, hangs, or comes back."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from chatapp.security.session_stores import TIMEOUT_SECONDS
from chatapp.security.session_stores.mongodb import MongoStore
from chatapp.security.session_stores.redis import RedisStore
from tests.support.cast import Register
from tests.support.mongo import Mongo
from tests.support.people import PASSWORD, Person, WebSession
from tests.support.redis_server import RedisServer
from tests.support.relaxed import shortened
from tests.support.server import LiveServer
from tests.support.session_stores import cookie_of, with_cookie
from tests.support.waiting import at_most, wait_until
from tests.support.wire import Wire, knock

pytestmark = pytest.mark.live

#: Seconds within which a page must say that it can't tell who is there.
SOON = 5.0
#: The servers here wait for their store a quarter of the real time, which has a test of its own.
SHORT = TIMEOUT_SECONDS / 4


@pytest.fixture(scope="module")
def on_mongo(mongo: Mongo, new_server: Callable[..., LiveServer]) -> LiveServer:
    constant = "chatapp.security.session_stores.mongodb.TIMEOUT_SECONDS"
    return new_server(MONGODB_URL=mongo.url, **shortened(**{constant: SHORT}))


@pytest.fixture(scope="module")
def on_redis(redis: RedisServer, new_server: Callable[..., LiveServer]) -> LiveServer:
    waits = f"timeout={SHORT}&socket_timeout={SHORT / 2}&socket_connect_timeout={SHORT / 2}"
    return new_server(SESSION_URL=f"{redis.url}?{waits}")


@contextmanager
def gone(store: Mongo | RedisServer, how: str) -> Iterator[None]:
    """Within, the store refuses connections ("stopped") or lets everybody wait ("hanging")."""
    if how == "stopped":
        store.stop()
    else:
        store.hang()
    try:
        yield
    finally:
        if how == "stopped":
            store.start()
        else:
            store.wake()


def timed(call: Callable[[], Any]) -> tuple[Any, float]:
    begin = time.monotonic()
    return call(), time.monotonic() - begin


@pytest.mark.parametrize("kind", ["mongodb", "redis"])
def test_a_store_that_hangs_fails_soon(mongo: Mongo, redis: RedisServer, kind: str) -> None:
    """With the real time-out, of which the servers here have a quarter."""
    server, store = (
        (mongo, MongoStore(mongo.url)) if kind == "mongodb" else (redis, RedisStore(redis.url))
    )
    assert store.load("x") is None
    with gone(server, "hanging"):
        begin = time.monotonic()
        with pytest.raises(store.failures):
            store.load("x")
        assert TIMEOUT_SECONDS / 2 <= time.monotonic() - begin < at_most(SOON)


@pytest.mark.parametrize("how", ["stopped", "hanging"])
def test_without_its_store_pages_say_so_and_the_rest_goes_on(
    elsewhere: tuple[LiveServer, Mongo | RedisServer], register: Register, how: str
) -> None:
    server, store = elsewhere
    alice, bob = register(server, "Alice"), register(server, "Bob")
    conversation = alice.opens(bob)
    web = alice.web()
    headers = {"Cookie": web.cookie_header, "Origin": server.url}
    by_cookie, by_token = Wire(server, headers=headers), bob.wire()
    alice.wires.append(by_cookie)
    static = web.page("/people").html.split('href="/static/')[1].split('"')[0]

    with gone(store, how):
        for path in ("/people", "/login", "/", "/api/users/me"):
            answer, took = timed(lambda path=path: web.request("GET", path))
            assert answer.status_code == 503, (path, answer.status_code)
            assert took < at_most(SOON), (path, took)
            assert "Set-Cookie" not in answer.headers, path
            assert alice.username not in answer.text
        fresh = WebSession(server)
        assert fresh.request("GET", "/login").status_code == 200, "a form needs no session"
        given = {"email": alice.email, "password": PASSWORD}
        answer, took = timed(lambda: fresh.submit("/login", **given))
        assert (answer.status_code, took < at_most(SOON)) == (503, True)
        verdict, took = timed(lambda: knock(server, "websocket", headers=headers))
        assert verdict.error is not None
        assert verdict.error["data"]["error"]["code"] == "unavailable", "not: signed out"
        assert took < at_most(SOON)

        # Thirty pages wait for the store, and nobody waits for them.
        waiting = [
            threading.Thread(target=with_cookie, args=(server, cookie_of(web))) for _ in range(30)
        ]
        for thread in waiting:
            thread.start()
        slowest = 0.0
        while any(thread.is_alive() for thread in waiting):
            _, took = timed(lambda: alice.says(conversation, "over REST"))
            slowest = max(slowest, took)
            sent = {"conversation_id": conversation, "content": "over the socket"}
            for wire in (by_cookie, by_token):
                ack, took = timed(lambda wire=wire, sent=sent: wire.call("message:send", sent))
                assert ack["ok"]
                slowest = max(slowest, took)
        assert slowest < 1.5, slowest
        assert alice.new_login(), "logging in over REST too"
        assert web.request("GET", f"/static/{static}").status_code == 200
        assert web.request("GET", "/health").status_code == 200
        assert bob.rest("GET", "/api/users/me", headers={"Cookie": web.cookie_header}).ok

    wait_until(
        lambda: web.request("GET", "/people").status_code == 200, "the same session counts again"
    )
    assert f"@{alice.username}" in web.page("/settings/account").html
    by_cookie.settle()
    by_token.settle()
    assert knock(server, "websocket", headers=headers).welcomed


def test_nobody_is_taken_for_somebody_else_while_the_store_comes_and_goes(
    elsewhere: tuple[LiveServer, Mongo | RedisServer], register: Register
) -> None:
    server, store = elsewhere
    people = [register(server, name) for name in ("Alice", "Bob", "Carol", "Dave")]
    webs = [person.web() for person in people]
    over = threading.Event()
    seen: list[tuple[str, int, str]] = []

    def look(person: Person, cookie: str) -> None:
        while not over.is_set():
            answer = with_cookie(server, cookie, "/settings/account")
            seen.append((person.username, answer.status_code, answer.text))

    threads = [
        threading.Thread(target=look, args=(person, cookie_of(web)))
        for person, web in zip(people, webs, strict=True)
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for how in ("stopped", "hanging"):
        calm = len(seen)
        wait_until(lambda calm=calm: 200 in [s for _, s, _ in seen[calm:]], "pages are served")
        before = len(seen)
        with gone(store, how):
            wait_until(
                lambda before=before: [s for _, s, _ in seen[before:]].count(503) >= 8, "503"
            )
    calm = len(seen)
    wait_until(lambda: [s for _, s, _ in seen[calm:]].count(200) >= 8, "pages are served again")
    over.set()
    for thread in threads:
        thread.join()
    assert {status for _, status, _ in seen} == {200, 503}
    names = {person.username for person in people}
    for username, status, text in seen:
        found = {name for name in names if f"@{name}" in text}
        assert found == ({username} if status == 200 else set())


def test_a_server_starts_without_its_store_and_heals(
    mongo: Mongo, new_server: Callable[..., LiveServer], register: Register
) -> None:
    mongo.stop()
    try:
        server = new_server(MONGODB_URL=f"{mongo.url}/late")
        assert "doesn't answer" in server.log()
        alice = register(server, "Alice")
        given = {"email": alice.email, "password": PASSWORD}
        answer, took = timed(lambda: WebSession(server).submit("/login", **given))
        assert (answer.status_code, took < at_most(SOON)) == (503, True)
        assert alice.rest("GET", "/api/users/me").status_code == 200
    finally:
        mongo.start()
    wait_until(lambda: WebSession(server).submit("/login", **given).status_code == 303, "it heals")
    assert alice.web().request("GET", "/people").status_code == 200
    indexes = mongo.sessions("late").index_information().values()
    assert any("expireAfterSeconds" in index for index in indexes), "made late, but made"
    server.stop()
