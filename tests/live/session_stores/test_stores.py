"""Browser sessions in the database, MongoDB and Redis."""

from __future__ import annotations

import pickle
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import create_engine, select, update

from chatapp.models import StoredSession
from chatapp.security.session_stores import store_for
from chatapp.security.sessions import stored_id
from chatapp.settings.databases import database_url
from config import Settings
from tests.support.cast import Register
from tests.support.mongo import Mongo
from tests.support.people import PASSWORD, WebSession
from tests.support.redis_server import RedisServer
from tests.support.server import LiveServer
from tests.support.session_stores import cookie_of, with_cookie
from tests.support.waiting import PATIENCE, wait_until
from tests.support.wire import Wire

pytestmark = pytest.mark.live


class InDatabase:
    """The sessions that a server keeps in its SQLite file or its PostgreSQL."""

    name = "database"

    def __init__(self, server: LiveServer) -> None:
        self._engine = create_engine(database_url(server.environ["DATABASE_URL"]).url)

    def plant(self, key: str, data: bytes) -> None:
        with self._engine.begin() as connection:
            theirs = StoredSession.id == key
            done = connection.execute(update(StoredSession).where(theirs).values(data=data))
        assert done.rowcount == 1

    def held(self) -> set[str]:
        with self._engine.connect() as connection:
            return set(connection.scalars(select(StoredSession.id)))


class InMongo:
    name = "mongodb"

    def __init__(self, mongo: Mongo) -> None:
        self._sessions = mongo.sessions()

    def plant(self, key: str, data: bytes) -> None:
        assert self._sessions.update_one({"_id": key}, {"$set": {"data": data}}).matched_count

    def held(self) -> set[str]:
        return {document["_id"] for document in self._sessions.find({})}


class InRedis:
    name = "redis"

    def __init__(self, redis: RedisServer) -> None:
        self._client = redis.client

    def plant(self, key: str, data: bytes) -> None:
        assert self._client.set(f"chatapp:session:{key}", data, xx=True)

    def held(self) -> set[str]:
        found: Any = self._client.keys("chatapp:session:*")
        return {key.decode().rpartition(":")[2] for key in found}


@pytest.fixture(scope="module", params=["database", "mongodb", "redis"])
def kept(request: pytest.FixtureRequest) -> tuple[LiveServer, Any]:
    """A server, and what it keeps its sessions in."""
    if request.param == "database":
        server = request.getfixturevalue("server")
        return server, InDatabase(server)
    if request.param == "mongodb":
        return request.getfixturevalue("on_mongo"), InMongo(request.getfixturevalue("mongo"))
    return request.getfixturevalue("on_redis"), InRedis(request.getfixturevalue("redis"))


def test_signing_in_staying_and_going(kept: tuple[LiveServer, Any], register: Register) -> None:
    server, store = kept
    alice, bob = register(server, "Alice"), register(server, "Bob")
    web, other = alice.web(), bob.web()
    for one, person in ((web, alice), (other, bob)):
        assert f"@{person.username}" in one.page("/settings/account").html
    assert stored_id(cookie_of(web)) in store.held()
    assert cookie_of(web) not in store.held(), "whoever reads the store can't use a session"
    before = cookie_of(web)
    web.submit("/chats", "/logout")
    assert stored_id(before) not in store.held()
    assert with_cookie(server, before).status_code == 302
    assert f"@{bob.username}" in other.page("/settings/account").html


def test_no_id_from_outside_is_adopted_and_each_sign_in_has_its_own(
    kept: tuple[LiveServer, Any], register: Register
) -> None:
    server, store = kept
    alice = register(server, "Alice")
    for planted in ("attacker", "A" * 43, stored_id("x")):
        web = WebSession(server)
        web.http.cookies.set("chatapp_session", planted, domain="127.0.0.1", path="/")
        web.submit("/login", email=alice.email, password=PASSWORD)
        first = cookie_of(web)
        token = web.page("/chats").csrf_token
        given = {"csrf_token": token, "email": alice.email, "password": PASSWORD}
        assert web.request("POST", "/login", data=given).status_code == 303
        assert len({planted, first, cookie_of(web)}) == 3
        assert stored_id(planted) not in store.held()
        assert stored_id(first) not in store.held()
        assert stored_id(cookie_of(web)) in store.held()
        for other in (planted, first):
            assert with_cookie(server, other).status_code == 302


def test_a_new_password_gives_a_new_id(kept: tuple[LiveServer, Any], register: Register) -> None:
    server, store = kept
    alice = register(server, "Alice")
    web = alice.web()
    before = cookie_of(web)
    answer = web.submit(
        "/settings/account",
        "/settings/account/password",
        current_password=PASSWORD,
        password="another long secret",
    )
    assert answer.status_code == 303, answer.text
    assert cookie_of(web) != before
    assert stored_id(before) not in store.held()
    assert with_cookie(server, before).status_code == 302
    assert web.request("GET", "/people").status_code == 200


class Bomb:
    """What pickle would open the file for, if anything read it as pickle."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> tuple[Any, tuple[str, str]]:
        return open, (str(self.canary), "w")


def test_planted_pickle_is_no_session_and_does_nothing(
    kept: tuple[LiveServer, Any], register: Register, tmp_path: Path
) -> None:
    server, store = kept
    canary = tmp_path / "canary"
    pickle.loads(pickle.dumps(Bomb(canary))).close()
    assert canary.exists(), "it would go off"
    canary.unlink()
    web = register(server, "Alice").web()
    deep = b"\x81\xa1a" * 20_000 + b"\xc0"
    for data in (pickle.dumps(Bomb(canary)), b"", b"{}", b"\x93\x01\x02\x03", b"\xc1", deep):
        store.plant(stored_id(cookie_of(web)), data)
        answer = with_cookie(server, cookie_of(web))
        assert answer.status_code == 302, data[:20]
        assert "/login" in answer.headers["Location"]
    assert not canary.exists()
    assert web.page("/login").form("/login"), "and one can sign in again"


def test_what_was_deleted_meanwhile_is_not_brought_back(
    kept: tuple[LiveServer, Any], register: Register
) -> None:
    """A request that began with a session saves it after somebody else has ended it."""
    server, store = kept
    alice = register(server, "Alice")
    web = alice.web()
    before, form = cookie_of(web), web.page("/settings/sessions").form("/settings/sessions/end")

    def end_others() -> None:  # writes to the session: what was done stands on the next page
        requests.post(
            f"{server.url}/settings/sessions/end",
            data=form.fields,
            headers={"Cookie": f"chatapp_session={before}"},
            allow_redirects=False,
            timeout=PATIENCE,
        )

    threads = [threading.Thread(target=end_others) for _ in range(6)]
    for thread in threads:
        thread.start()
    web.submit("/chats", "/logout")
    for thread in threads:
        thread.join()
    assert stored_id(before) not in store.held()
    assert with_cookie(server, before).status_code == 302


def test_nothing_is_written_for_a_request_that_changes_nothing(
    mongo: Mongo, on_mongo: LiveServer, register: Register
) -> None:
    alice, bob = register(on_mongo, "Alice"), register(on_mongo, "Bob")
    conversation = alice.opens(bob)
    web = alice.web()
    cookie = {"Cookie": web.cookie_header, "Origin": on_mongo.url}
    wire = Wire(on_mongo, headers=cookie)
    alice.wires.append(wire)
    static = web.page("/people").html.split('href="/static/')[1].split('"')[0]

    before = mongo.counted()
    for path in ("/people", "/chats", f"/chats/{conversation}", "/settings/sessions") * 5:
        assert web.request("GET", path).status_code == 200
    after = mongo.counted()
    assert {name: after[name] - before[name] for name in ("insert", "update", "delete")} == {
        "insert": 0,
        "update": 0,
        "delete": 0,
    }
    assert after["query"] - before["query"] == 20, "one look at the session for each page"

    before = after
    for number in range(20):
        content = {"conversation_id": conversation, "content": f"{number}"}
        assert wire.call("message:send", content)["ok"]
        assert alice.rest("GET", "/api/users/me").status_code == 200
        assert web.request("GET", f"/static/{static}").status_code == 200
    assert mongo.counted() == before, "events, tokens and files have nothing to do with sessions"


def test_mongodb_deletes_what_has_expired(
    mongo: Mongo, on_mongo: LiveServer, register: Register
) -> None:
    sessions = mongo.sessions()
    (ttl,) = [i for i in sessions.index_information().values() if "expireAfterSeconds" in i]
    assert ttl["key"] == [("expires_at", 1)]
    assert ttl["expireAfterSeconds"] == 0
    web = register(on_mongo, "Alice").web()
    mine = {"_id": stored_id(cookie_of(web))}
    document = sessions.find_one(mine)
    assert document is not None
    assert isinstance(document["data"], bytes)
    left = document["expires_at"].replace(tzinfo=UTC) - datetime.now(UTC)
    assert timedelta(minutes=118) < left <= timedelta(hours=2)
    assert sessions.count_documents(mine) == 1
    expired = {"expires_at": datetime.now(UTC) - timedelta(seconds=1)}
    sessions.update_one(mine, {"$set": expired})
    assert with_cookie(on_mongo, cookie_of(web)).status_code == 302, "at once"
    wait_until(lambda: sessions.count_documents(mine) == 0, "MongoDB has deleted it")


def test_the_address_may_name_the_database(mongo: Mongo) -> None:
    url = f"{mongo.url}/elsewhere?serverSelectionTimeoutMS=60000"
    settings = Settings.from_env(
        {"SESSION_URL": url, "SECRET_KEY": "k" * 40, "JWT_SECRET": "j" * 40}
    )
    store = store_for(settings)
    store.prepare()
    store.insert("mine", b"data", timedelta(minutes=1))
    kept = mongo.sessions("elsewhere").find_one({"_id": "mine"})
    assert kept is not None
    assert kept["data"] == b"data"


def test_redis_lets_sessions_expire(
    redis: RedisServer, on_redis: LiveServer, register: Register
) -> None:
    web = register(on_redis, "Alice").web()
    left: Any = redis.client.pttl(f"chatapp:session:{stored_id(cookie_of(web))}")
    assert 118 * 60_000 < left <= 120 * 60_000
