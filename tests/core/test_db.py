"""`atomic()`, `snapshot()` and announcements, with and without failures."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import create_engine, func, select, text

from chatapp.core.db import NOW, announce, atomic, db, now, release_connection, snapshot
from chatapp.core.event_bus import EventBus
from chatapp.core.events import ClientEvent, People
from chatapp.models import User
from tests.support.waiting import wait_until

pytestmark = pytest.mark.database

NOBODY = People(frozenset())


def _user(username: str) -> User:
    return User(username=username, name=username)


def _count() -> int:
    return db.session.scalar(select(func.count()).select_from(User)) or 0


@pytest.fixture
def bus(app) -> EventBus:
    return app.extensions["events"]


@pytest.fixture
def heard(bus) -> Iterator[list[str]]:
    events: list[str] = []
    end = bus.subscribe(lambda announcement: events.append(announcement.name))
    yield events
    end()


def test_everything_is_committed_together(context, heard):
    with atomic() as work:
        work.add(_user("ada"))
        announce("one", {}, to=NOBODY)
        with atomic() as inner:
            inner.add(_user("bob"))
            announce("two", {}, to=NOBODY)
        assert heard == []
    assert heard == ["one", "two"]
    db.session.rollback()
    assert _count() == 2


def test_a_failure_undoes_everything_and_silences_announcements(context, heard):
    with pytest.raises(ZeroDivisionError), atomic() as work:
        work.add(_user("ada"))
        announce("one", {}, to=NOBODY)
        with atomic() as inner:
            inner.add(_user("bob"))
        raise ZeroDivisionError
    assert heard == []
    assert _count() == 0
    with atomic() as work:  # and the next one works
        work.add(_user("ada"))
    assert _count() == 1


def test_a_savepoint_inside_drops_no_announcement(context, heard):
    with atomic() as work:
        announce("one", {}, to=NOBODY)
        with pytest.raises(ZeroDivisionError), work.begin_nested():
            work.add(_user("ada"))
            work.flush()
            raise ZeroDivisionError
    assert heard == ["one"]
    assert _count() == 0


def test_it_sees_what_was_committed_after_an_earlier_read(app):
    with app.app_context():
        assert _count() == 0  # a read transaction is open now
        _elsewhere(app, lambda: _add("ada"))
        with atomic() as work:
            assert _count() == 1
            work.add(_user("bob"))  # on SQLite this fails at once unless the read was ended
        assert _count() == 2


def test_a_snapshot_ignores_later_commits(app):
    with app.app_context():
        with snapshot():
            assert _count() == 0
            _elsewhere(app, lambda: _add("ada"))
            assert _count() == 0
        assert _count() == 1


def test_nothing_is_written_or_announced_outside(context):
    with pytest.raises(RuntimeError, match="outside atomic"):
        announce("one", {}, to=NOBODY)
    db.session.add(_user("ada"))
    with pytest.raises(RuntimeError, match="outside atomic"), atomic():
        pass
    with pytest.raises(RuntimeError, match="outside atomic"):
        release_connection()
    db.session.expunge_all()
    with pytest.raises(RuntimeError, match="inside snapshot"), snapshot(), atomic():
        pass


def test_one_writer_at_a_time_loses_nothing(app):
    def add(number: int) -> None:
        with app.app_context(), atomic() as work:
            counted = _count()
            work.add(_user(f"user{number}"))
            work.flush()
            if db.engine.dialect.name == "sqlite":
                assert _count() == counted + 1

    threads = [threading.Thread(target=add, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with app.app_context():
        assert _count() == 20


def test_durability_and_foreign_keys_are_on(context, request):
    if request.config.getoption("--database") == "postgres":
        assert db.session.scalar(text("SHOW statement_timeout")) == "15s"
        assert db.session.scalar(text("SHOW lock_timeout")) == "5s"
        assert db.session.scalar(text("SHOW transaction_isolation")) == "read committed"
        return
    engine = create_engine(db.engine.url)  # the tests' own doesn't wait for the disk
    with engine.connect() as connection:
        assert connection.scalar(text("PRAGMA synchronous")) == 2  # FULL
        assert connection.scalar(text("PRAGMA journal_mode")) == "wal"
        assert connection.scalar(text("PRAGMA foreign_keys")) == 1
    engine.dispose()


def test_times_keep_their_zone_and_milliseconds(context):
    moment = now()
    with atomic() as work:
        work.add(User(username="ada", name="Ada", date_joined=moment))
    db.session.expire_all()
    (user,) = db.session.scalars(select(User))
    assert user.date_joined == moment
    assert user.date_joined.utcoffset().total_seconds() == 0
    assert moment.microsecond % 1000 == 0


def test_now_is_evaluated_at_each_execution(context):
    statement = select(NOW)
    before = db.session.scalar(statement)
    wait_until(lambda: now() > before, "time goes by")
    assert before < db.session.scalar(statement) <= now()


def test_a_failing_subscriber_silences_nobody(context, bus, heard, caplog):
    def fail(_: ClientEvent) -> None:
        raise ZeroDivisionError

    end_first = bus.subscribe(fail)
    later: list[str] = []
    end_second = bus.subscribe(lambda announcement: later.append(announcement.name))
    try:
        with atomic():
            announce("one", {}, to=NOBODY)
    finally:
        end_first()
        end_second()
    assert heard == later == ["one"]
    assert "a subscriber failed on one" in caplog.text


def test_held_back_until_the_block_ends_even_when_it_raises(context, bus, heard):
    with pytest.raises(ZeroDivisionError), bus.deferred():
        with atomic():
            announce("one", {}, to=NOBODY)
        assert heard == []
        raise ZeroDivisionError
    assert heard == ["one"]


def test_a_rollback_gives_up_the_reserved_place(context, bus):
    calls: list[tuple[str, str]] = []
    end = bus.subscribe(
        lambda a: calls.append(("deliver", a.name)),
        reserve=lambda a: calls.append(("reserve", a.name)),
        cancel=lambda a: calls.append(("cancel", a.name)),
    )
    try:
        with pytest.raises(ZeroDivisionError), atomic():
            announce("one", {}, to=NOBODY)
            raise ZeroDivisionError
        with atomic():
            announce("two", {}, to=NOBODY)
    finally:
        end()
    assert calls == [("reserve", "one"), ("cancel", "one"), ("reserve", "two"), ("deliver", "two")]


def _add(username: str) -> None:
    with atomic() as work:
        work.add(_user(username))


def _elsewhere(app, function: Callable[[], None]) -> None:
    def run() -> None:
        with app.app_context():
            function()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
