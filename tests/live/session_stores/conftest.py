"""What the tests here share."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.support.mongo import Mongo
from tests.support.redis_server import RedisServer
from tests.support.server import LiveServer


@pytest.fixture(scope="module")
def mongo() -> Iterator[Mongo]:
    mongo = Mongo().start()
    yield mongo
    mongo.remove()


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    redis = RedisServer().start()
    yield redis
    redis.remove()


@pytest.fixture(scope="module")
def on_mongo(mongo: Mongo, new_server: Callable[..., LiveServer]) -> LiveServer:
    return new_server(MONGODB_URL=mongo.url, SESSION_LIFETIME="2h")


@pytest.fixture(scope="module")
def on_redis(redis: RedisServer, new_server: Callable[..., LiveServer]) -> LiveServer:
    return new_server(SESSION_URL=redis.url, SESSION_LIFETIME="2h")


@pytest.fixture(params=["mongodb", "redis"])
def elsewhere(request: pytest.FixtureRequest) -> tuple[LiveServer, Mongo | RedisServer]:
    """A server, and the other server that it depends on for its sessions."""
    server = "on_mongo" if request.param == "mongodb" else "on_redis"
    store = "mongo" if request.param == "mongodb" else "redis"
    return request.getfixturevalue(server), request.getfixturevalue(store)
