"""Sessions in the application's own database, where nothing else is configured."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.exc import SQLAlchemyError

from chatapp.core.clock import Interval
from chatapp.core.db import atomic, db, now
from chatapp.models import StoredSession

_sweeping = Interval(3600)


class DatabaseStore:
    """Sessions as rows."""

    in_database = True
    failures: tuple[type[Exception], ...] = (SQLAlchemyError,)
    unreadable: tuple[type[Exception], ...] = ()
    refusals: tuple[type[Exception], ...] = ()

    def prepare(self) -> None:
        """Nothing to do: the table is made by a migration."""

    def load(self, key: str) -> bytes | None:
        """Return what is kept under this key."""
        data: bytes | None = db.session.scalar(
            select(StoredSession.data).where(
                StoredSession.id == key, StoredSession.expires_at > now()
            )
        )
        return data

    def insert(self, key: str, data: bytes, lifetime: timedelta) -> None:
        """Insert a row; now and then delete those that have expired."""
        if _sweeping.due():
            sweep()
        with atomic() as work:
            work.add(StoredSession(id=key, data=data, expires_at=now() + lifetime))

    def update(self, key: str, data: bytes, lifetime: timedelta) -> bool:
        """Change the row; return whether there was one."""
        with atomic() as work:
            changed = work.execute(
                update(StoredSession)
                .where(StoredSession.id == key)
                .values(data=data, expires_at=now() + lifetime)
                .returning(StoredSession.id)
                .execution_options(synchronize_session=False)
            )
            return changed.first() is not None

    def delete(self, key: str) -> None:
        """Delete the row."""
        with atomic() as work:
            work.execute(delete(StoredSession).where(StoredSession.id == key))


def sweep() -> None:
    """Delete the sessions that have expired."""
    with atomic() as work:
        work.execute(delete(StoredSession).where(StoredSession.expires_at <= now()))
