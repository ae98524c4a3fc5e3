"""How much one person may do: counted per person, for all doors together."""

from __future__ import annotations

import time
from collections.abc import Iterator
from uuid import uuid4

import pytest

from chatapp.core.errors import RateLimited
from chatapp.security import moving_windows, rate_limits
from chatapp.security.rate_limits import RateLimiter
from tests.support.waiting import at_most


class Clock:
    """Time that passes when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    for module in (rate_limits, moving_windows):
        monkeypatch.setattr(module, "time", clock)
    return clock


@pytest.fixture
def limits(clock: Clock) -> RateLimiter:
    return RateLimiter(on=True)


@pytest.fixture
def limited(app, clock: Clock) -> Iterator[RateLimiter]:
    """The app's own limits, switched on."""
    limiter = app.extensions["rate_limiter"]
    limiter.configure(True)
    yield limiter
    limiter.configure(False)


def allowed(check, *args) -> bool:
    try:
        check(*args)
    except RateLimited:
        return False
    return True


def test_thirty_messages_at_once_and_ten_a_second(clock: Clock, limits: RateLimiter):
    assert sum(allowed(limits.check_message, "alice") for _ in range(100)) == 30
    clock.now += 3.001
    sent = 0
    for _ in range(1000):  # ten seconds, trying every 10 ms
        sent += allowed(limits.check_message, "alice")
        clock.now += 0.01
    assert 100 <= sent <= 130


def test_sixty_of_everything_else_in_a_second(clock: Clock, limits: RateLimiter):
    assert sum(allowed(limits.check_event, "alice") for _ in range(100)) == 60
    clock.now += 1.001
    assert sum(allowed(limits.check_event, "alice") for _ in range(100)) == 60


def test_people_and_kinds_are_counted_apart(clock: Clock, limits: RateLimiter):
    for _ in range(30):
        limits.check_message("alice")
    assert not allowed(limits.check_message, "alice")
    assert allowed(limits.check_message, "bob")
    assert allowed(limits.check_event, "alice")


def test_it_says_how_long_to_wait(clock: Clock, limits: RateLimiter):
    for _ in range(30):
        limits.check_message("alice")
    clock.now += 1
    with pytest.raises(RateLimited, match="Please wait 2 seconds") as refused:
        limits.check_message("alice")
    assert refused.value.retry_after == 2
    clock.now += 2.001
    limits.check_message("alice")


def test_ten_connections(clock: Clock, limits: RateLimiter):
    for _ in range(10):
        limits.take_connection("alice")
    with pytest.raises(RateLimited, match="Close another window"):
        limits.take_connection("alice")
    limits.take_connection("bob")
    limits.give_connection("alice")
    limits.take_connection("alice")
    assert not allowed(limits.take_connection, "alice")


def test_off_counts_nothing(clock: Clock, limits: RateLimiter):
    limits.configure(False)
    for _ in range(1000):
        limits.check_message("alice")
        limits.check_event("alice")
        limits.take_connection("alice")
    for _ in range(1000):
        limits.give_connection("alice")
    assert not limits._connections


def test_the_quiet_are_forgotten(clock: Clock, limits: RateLimiter):
    for number in range(1000):
        limits.check_event(str(number))
    clock.now += 60
    limits.check_event("alice")
    assert len(limits._windows._times) == 1


def test_counting_is_cheap(clock: Clock, limits: RateLimiter):
    start = time.perf_counter()
    for number in range(10_000):
        limits.check_event(str(number))
    assert time.perf_counter() - start < at_most(1)


@pytest.mark.slow
def test_rest_calls_count_and_messages_do_not_count_twice(
    world, clock: Clock, limited: RateLimiter
):
    for _ in range(60):
        assert world.alice.api.get("/api/users/me").status_code == 200
    refused = world.alice.api.get("/api/users/me")
    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "1"
    assert refused.json["error"]["code"] == "rate_limited"
    assert "Please wait 1 second." in refused.json["error"]["message"]
    path = f"/api/chat/{world.conversation_id}/messages"
    assert world.alice.api.post(path, {"content": "hello"}).status_code == 201
    path = f"/api/messages/send/{world.bob.id}"
    assert world.alice.api.post(path, {"message": "in a dialect"}).status_code == 201
    assert world.bob.api.get("/api/users/me").status_code == 200


def test_posted_forms_count(world, limited: RateLimiter):
    browser = world.alice.client
    for _ in range(60):
        limited.check_event(world.alice.id)
    assert browser.get("/chats").status_code == 200
    answer = browser.submit("/people", f"/people/{world.bob.id}/message")
    assert answer.status_code == 429
    assert "Please wait" in answer.text


def test_pages_count_and_the_pictures_on_them_do_not(world, limited: RateLimiter):
    browser = world.alice.client
    picture = f"/pictures/{uuid4()}"
    assert {browser.get(picture).status_code for _ in range(100)} == {404}
    for _ in range(60):
        limited.check_page(world.alice.id)
    assert browser.get("/people").status_code == 429
    assert browser.get(picture).status_code == 404


@pytest.mark.slow
def test_messages_beyond_the_limit_are_refused_and_repeats_are_not(
    world, clock: Clock, limited: RateLimiter
):
    path = f"/api/chat/{world.conversation_id}/messages"
    first = {"content": "first", "client_id": "first"}
    assert world.alice.api.post(path, first).status_code == 201
    for number in range(29):
        assert world.alice.api.post(path, {"content": str(number)}).status_code == 201
    refused = world.alice.api.post(path, {"content": "one too many"})
    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "3"
    assert refused.json["error"]["code"] == "rate_limited"
    assert "Please wait 3 seconds." in refused.json["error"]["message"]
    for _ in range(40):
        again = world.alice.api.post(path, first)
        assert again.status_code == 200
        assert again.json["content"] == "first"
    assert world.bob.api.post(path, {"content": "mine"}).status_code == 201
    clock.now += 3.001
    assert world.alice.api.post(path, {"content": "at last"}).status_code == 201
