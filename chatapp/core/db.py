"""The database kernel: naming, time and id types, `atomic()` for writes, `snapshot()` for reads."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
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
from chatapp.core import events as announcements
from chatapp.core.events import Announcement

#: Largest value of an integer id: PostgreSQL's `integer`.
MAX_ID = 2**31 - 1

_sqlite_writer = concurrency.lock()


class Base(DeclarativeBase):
    """What every table shares: constraint names that migrations can rely on."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


#: Attributes stay loaded after a commit: payloads are built from them.
db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False})

if TYPE_CHECKING:
    Model = Base
else:
    Model = db.Model


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC, always with its time zone in Python, on every database."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """UTC for the database; a time without zone is a mistake."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored time needs a time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """The moment with its zone, which SQLite doesn't keep."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


#: UUIDs are strings in Python, native in PostgreSQL.
Id = Uuid(as_uuid=False)


def now() -> datetime:
    """The present moment in UTC, to the millisecond: what is stored is what is sent."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


#: `now()` at each execution of a statement that is built once.
NOW = bindparam("now", callable_=now, type_=UtcDateTime)


def uuid7() -> str:
    """A new id that sorts by time (RFC 9562)."""
    return str(_uuid7())


class Timestamps:
    """When a row was made and last changed."""

    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, onupdate=now)


class SoftDelete:
    """A row that is kept, but counts as gone once `deleted_at` is set."""

    deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


@contextmanager
def atomic() -> Iterator[Session]:
    """All that is written inside is committed together at the end, or not at all.

    Nested, it joins the outer one. The outermost first ends any read transaction, so that what is
    read inside is the present; on SQLite it takes the process's write lock and begins
    immediately (a read that turns into a write after someone else's commit fails at once there);
    on PostgreSQL it is READ COMMITTED. Announcements go out after the commit.

    Nothing inside may wait for anything but the database: on SQLite every other writer waits too.
    """
    session: Session = db.session()
    if "announcements" in session.info:
        yield session
        return
    if "snapshot" in session.info:
        raise RuntimeError("atomic() inside snapshot(): read first, then write")
    _end_reading(session)
    queued: list[Announcement] = []
    later: list[Callable[[], None]] = []
    with _write_lock(session):
        session.info["announcements"], session.info["later"] = queued, later
        try:
            session.connection(execution_options={"chatapp_begin": "BEGIN IMMEDIATE"})
            yield session
            session.commit()
        except BaseException:
            session.rollback()
            announcements.cancel(queued)
            raise
        finally:
            del session.info["announcements"], session.info["later"]
    announcements.publish(queued)
    for function in later:
        function()


def insert(work: Session, model: type[Any]) -> postgresql.Insert | sqlite.Insert:
    """An INSERT in this database's own words, which may say what happens to a row that stands."""
    name = work.get_bind().dialect.name
    return postgresql.insert(model) if name == "postgresql" else sqlite.insert(model)


def after_commit(function: Callable[[], None]) -> None:
    """Call this once the surrounding `atomic()` has committed, and never after a rollback.

    For what must not be done twice or for nothing, such as sending mail. It may not raise.
    """
    later = db.session().info.get("later")
    if later is None:
        raise RuntimeError("after_commit() outside atomic()")
    later.append(function)


def announce(
    event_name: str,
    payload: dict[str, Any],
    *,
    conversation_id: int | None = None,
    user_ids: frozenset[str] = frozenset(),
    only_ids: frozenset[str] = frozenset(),
    version: int | None = None,
    former_ids: frozenset[str] = frozenset(),
    membership_version: int = 0,
) -> None:
    """Tell live listeners of this once the surrounding `atomic()` has committed.

    With a ``version``, call it while the conversation's row is locked: that is what puts events
    in the order of versions.
    """
    queued = db.session().info.get("announcements")
    if queued is None:
        raise RuntimeError("announce() outside atomic()")
    announcement = Announcement(
        event_name,
        payload,
        conversation_id=conversation_id,
        user_ids=user_ids,
        only_ids=only_ids,
        version=version,
        former_ids=former_ids,
        membership_version=membership_version,
    )
    announcements.reserve(announcement)
    queued.append(announcement)


@contextmanager
def snapshot() -> Iterator[Session]:
    """All that is read inside is of one moment. Inside `atomic()` it is just that transaction."""
    session: Session = db.session()
    if "announcements" in session.info or "snapshot" in session.info:
        yield session
        return
    _end_reading(session)
    options = {} if _is_sqlite(session) else {"isolation_level": "REPEATABLE READ"}
    session.info["snapshot"] = True
    try:
        session.connection(execution_options=options)
        yield session
    finally:
        del session.info["snapshot"]
        session.rollback()


def release() -> None:
    """Give the connection back before something slow; the next read takes one anew."""
    session: Session = db.session()
    if "announcements" not in session.info and "snapshot" not in session.info:
        _end_reading(session)


def _end_reading(session: Session) -> None:
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
    connection.isolation_level = None  # BEGIN is ours: the module's own doesn't begin for reads
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",  # an acknowledged message survives a power cut
        "foreign_keys=ON",
        "busy_timeout=5000",
    ):
        connection.execute(f"PRAGMA {pragma}")
    # SQLite's own knows ASCII only: nobody would find Ünal by ünal.
    connection.create_function("lower", 1, _lower, deterministic=True)


def _lower(text: str | None) -> str | None:
    return None if text is None else text.lower()


@event.listens_for(Engine, "begin")
def _on_begin(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        options = connection.get_execution_options()
        connection.exec_driver_sql(options.get("chatapp_begin", "BEGIN"))
