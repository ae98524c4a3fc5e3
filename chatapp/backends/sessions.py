"""Browser sessions in the application's own database, through Flask-Session.

Flask-Session's SQLAlchemy backend commits the caller's database session whenever it likes, makes
its table by itself and falls back to pickle when it reads. This one writes in `atomic()`, to a
migrated table, and reads msgpack only.
"""

from __future__ import annotations

import hashlib
import logging
from datetime import timedelta
from typing import Any

import msgspec
from flask import Flask, Request, Response, request, session
from flask_session.base import ServerSideSession, ServerSideSessionInterface
from sqlalchemy import delete, select
from sqlalchemy.exc import SQLAlchemyError

from chatapp.db import atomic, db, now
from chatapp.errors import Unavailable
from chatapp.models import StoredSession

log = logging.getLogger(__name__)


def stored_id(sid: str) -> str:
    """The key a session is stored under: whoever reads the table can't take over a session."""
    return hashlib.sha256(sid.encode()).hexdigest()


class BrowserSession(ServerSideSession):  # type: ignore[misc]
    """A session, or in its place one that nobody may rely on."""

    unreadable = False


def check_readable() -> None:
    """Raise Unavailable for a request whose session couldn't be read: who knows who it is?"""
    if getattr(session, "unreadable", False) and request.endpoint != "health":
        raise Unavailable()


class DatabaseSessions(ServerSideSessionInterface):  # type: ignore[misc]
    """Keeps sessions as rows of `StoredSession`."""

    session_class = BrowserSession
    ttl = True  # expired rows are left out when reading; `sweep` deletes them

    def __init__(self, app: Flask) -> None:
        super().__init__(app, key_prefix="", permanent=True, sid_length=32)

    def _retrieve_session_data(self, store_id: str) -> dict[str, Any] | None:
        stored = db.session.scalar(
            select(StoredSession.data).where(
                StoredSession.id == stored_id(store_id), StoredSession.expires_at > now()
            )
        )
        if stored is None:
            return None
        try:
            return msgspec.msgpack.decode(stored, type=dict[str, Any])
        except msgspec.DecodeError:
            return None

    def _upsert_session(
        self, session_lifetime: timedelta, session: ServerSideSession, store_id: str
    ) -> None:
        values = {
            "data": msgspec.msgpack.encode(dict(session)),
            "expires_at": now() + session_lifetime,
        }
        with atomic() as work:
            stored = work.get(StoredSession, stored_id(store_id))
            if stored is None:
                work.add(StoredSession(id=stored_id(store_id), **values))
                return
            for name, value in values.items():
                setattr(stored, name, value)

    def _delete_session(self, store_id: str) -> None:
        with atomic() as work:
            work.execute(delete(StoredSession).where(StoredSession.id == stored_id(store_id)))

    def open_session(self, app: Flask, request: Request) -> BrowserSession:
        """The browser's session; an unreadable one where the database doesn't answer.

        Raising here would be too early for the request to be answered with our error page.
        """
        try:
            session: BrowserSession = super().open_session(app, request)
        except SQLAlchemyError:
            log.exception("a session can't be read")
            session = BrowserSession(sid=self._generate_sid(self.sid_length))
            session.unreadable = True
        return session

    def save_session(self, app: Flask, session: BrowserSession, response: Response) -> None:
        """Store what changed; never what could not be read."""
        if not session.unreadable:
            super().save_session(app, session, response)


def sweep() -> None:
    """Delete the sessions that have expired."""
    with atomic() as work:
        work.execute(delete(StoredSession).where(StoredSession.expires_at <= now()))
