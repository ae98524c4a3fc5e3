"""The database: column types, `atomic()` for writes, `snapshot()` for consistent reads."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import DateTime, Dialect, Engine, MetaData, Uuid, bindparam, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.types import TypeDecorator
from uuid6 import uuid7 as _uuid7

from chatapp.core import concurrency
from chatapp.core.event_bus import Published, current_bus
from chatapp.core.events import ClientEvent, Members, People, ProcessSignal

#: The largest integer id: PostgreSQL's `integer`.
MAX_ID = 2**31 - 1

_sqlite_writer = concurrency.lock()


class Base(DeclarativeBase):
    """The base of all models, with constraint names that migrations can rely on."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


#: Attributes stay loaded after a commit, because payloads are built from them.
db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False})

if TYPE_CHECKING:
    Model = Base
else:
    Model = db.Model


class UtcDateTime(TypeDecorator[datetime]):
    """A time in UTC, which always has its time zone in Python, on every database."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert to UTC for the database. Raises ValueError for a time without a zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored time needs a time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Add the time zone, which SQLite doesn't store."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


#: UUIDs are strings in Python, native in PostgreSQL.
Id = Uuid(as_uuid=False)


def now() -> datetime:
    """Return the current time in UTC, in milliseconds, so that stored and sent times are equal."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


#: `now()` at each execution of a statement that is built only once.
NOW = bindparam("now", callable_=now, type_=UtcDateTime)


def uuid7() -> str:
    """Return a new id that sorts by time (RFC 9562)."""
    return str(_uuid7())


class Timestamps:
    """When a row was created and last changed."""

    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, onupdate=now)


class SoftDelete:
    """A row that is kept, but counts as deleted once `deleted_at` is set."""

    deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


@contextmanager
def atomic() -> Iterator[Session]:
    """Commit everything written inside together at the end, or nothing of it.

    A nested block joins the outer one. The outermost block first ends any read transaction, so that
    reads inside see the present. On SQLite it takes the process's write lock and begins
    immediately, because there a read that turns into a write after another commit fails at once. On
    PostgreSQL it runs as READ COMMITTED. Announcements are published after the commit.

    Never wait inside for anything but the database: on SQLite all other writers would wait too.
    """
    session: Session = db.session()
    if "published" in session.info:
        yield session
        return
    if "snapshot" in session.info:
        raise RuntimeError("atomic() inside snapshot(): read first, then write")
    _end_read_transaction(session)
    queued: list[Published] = []
    later: list[Callable[[], None]] = []
    with _write_lock(session):
        session.info["published"], session.info["later"] = queued, later
        try:
            session.connection(execution_options={"chatapp_begin": "BEGIN IMMEDIATE"})
            yield session
            session.commit()
        except BaseException:
            session.rollback()
            current_bus().cancel(queued)
            raise
        finally:
            del session.info["published"], session.info["later"]
    current_bus().publish(queued)
    for function in later:
        function()


def insert(work: Session, model: type[Any]) -> postgresql.Insert | sqlite.Insert:
    """Return an INSERT of this database's dialect, which supports ON CONFLICT."""
    name = work.get_bind().dialect.name
    return postgresql.insert(model) if name == "postgresql" else sqlite.insert(model)


def after_commit(function: Callable[[], None]) -> None:
    """Call ``function`` once the surrounding `atomic()` has committed, and never after a rollback.

    For effects outside the database, such as sending mail. The function must not raise.
    """
    later = db.session().info.get("later")
    if later is None:
        raise RuntimeError("after_commit() outside atomic()")
    later.append(function)


def announce(
    name: str,
    payload: dict[str, Any],
    *,
    to: Members | People,
    version: int | None = None,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Send this event to clients once the surrounding `atomic()` has committed.

    With a ``version``, call it while the conversation's row is locked: the lock puts events in the
    order of their versions. ``facts`` are for the dialects, see `ClientEvent`.
    """
    event = ClientEvent(name, payload, to, version, facts or {})
    _queue(event)
    current_bus().reserve(event)


def send_signal(signal: ProcessSignal) -> None:
    """Tell this process's receivers once the surrounding `atomic()` has committed."""
    _queue(signal)


def _queue(item: Published) -> None:
    queued: list[Published] | None = db.session().info.get("published")
    if queued is None:
        raise RuntimeError("announce() or send_signal() outside atomic()")
    queued.append(item)


@contextmanager
def snapshot() -> Iterator[Session]:
    """Read everything inside from one state of the database. Inside `atomic()`, join it."""
    session: Session = db.session()
    if "published" in session.info or "snapshot" in session.info:
        yield session
        return
    _end_read_transaction(session)
    options = {} if _is_sqlite(session) else {"isolation_level": "REPEATABLE READ"}
    session.info["snapshot"] = True
    try:
        session.connection(execution_options=options)
        yield session
    finally:
        del session.info["snapshot"]
        session.rollback()


def release_connection() -> None:
    """Return the connection to the pool before something slow; the next read takes a new one."""
    session: Session = db.session()
    if "published" not in session.info and "snapshot" not in session.info:
        _end_read_transaction(session)


def _end_read_transaction(session: Session) -> None:
    if session.new or session.dirty or session.deleted:
        raise RuntimeError("something was changed outside atomic()")
    session.rollback()


def _is_sqlite(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"


def _write_lock(session: Session) -> AbstractContextManager[Any]:
    return _sqlite_writer if _is_sqlite(session) else nullcontext()


@event.listens_for(Engine, "connect")
def _on_connect(connection: Any, record: Any) -> None:
    if not isinstance(connection, sqlite3.Connection):
        return
    connection.isolation_level = (
        None  # we send BEGIN ourselves: the sqlite3 module doesn't for reads
    )
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",  # an acknowledged message survives a power cut
        "foreign_keys=ON",
        "busy_timeout=5000",
    ):
        connection.execute(f"PRAGMA {pragma}")
    # SQLite's own lower() knows only ASCII: a search for ünal wouldn't find Ünal.
    connection.create_function("lower", 1, _lower, deterministic=True)


def _lower(text: str | None) -> str | None:
    return None if text is None else text.lower()


@event.listens_for(Engine, "begin")
def _on_begin(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        options = connection.get_execution_options()
        connection.exec_driver_sql(options.get("chatapp_begin", "BEGIN"))
