"""Browser sessions through Flask-Session, in whichever store is configured.

Flask-Session's own backends write when nothing was changed, bring back sessions that another
request has deleted, fall back to pickle when they read, and let a request wait half a minute for a
store that is away. This interface does none of that, over any `Store`. What isn't msgpack is no
session.
"""

from __future__ import annotations

import hashlib
import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from flask import Flask, Request, Response, session
from flask_session.base import ServerSideSession, ServerSideSessionInterface

from chatapp.core.db import after_commit
from chatapp.core.errors import Unavailable
from chatapp.security.session_stores import Store

log = logging.getLogger(__name__)

#: How long the session of a visitor lasts, who isn't signed in.
ANONYMOUS_LIFETIME = timedelta(days=1)


def stored_id(sid: str) -> str:
    """Return the key a session is stored under; from it nobody can take over the session."""
    return hashlib.sha256(sid.encode()).hexdigest()


class BrowserSession(ServerSideSession):  # type: ignore[misc]
    """A browser's session, perhaps one that couldn't be read."""

    #: The store couldn't be asked who this is.
    unreadable = False
    #: The store holds it under its id.
    stored = False
    #: The id that it had before, under which the store still holds it.
    former_sid: str | None = None
    #: What the store holds, where it was written before the request's end.
    written: bytes | None = None


class _Gone(Exception):
    """The session was deleted by another request while this one ran."""


def check_readable() -> None:
    """Raise Unavailable if the session couldn't be read: it might be anybody's."""
    if getattr(session, "unreadable", False):
        raise Unavailable()


class Sessions(ServerSideSessionInterface):  # type: ignore[misc]
    """Opens, saves and renews sessions."""

    session_class = BrowserSession
    ttl = True  # the stores see to what has expired

    def __init__(self, app: Flask, store: Store) -> None:
        super().__init__(app, key_prefix="", permanent=True, sid_length=32)
        self.store = store

    def open_session(self, app: Flask, request: Request) -> BrowserSession:
        """Return the browser's session; an unreadable one where the store doesn't answer.

        Raising here would be too early for the request to be answered with our error page. With a
        token, and for /health, no session counts, so none is read.
        """
        if "Authorization" in request.headers or request.path == "/health":
            return self._new()
        try:
            opened: BrowserSession = super().open_session(app, request)
        except self.store.failures as exc:
            log.error("sessions can't be read: %s", _first_line(exc))
            opened = self._new()
            opened.unreadable = True
        opened.stored = opened.sid == request.cookies.get(self.get_cookie_name(app))
        return opened

    def save_session(self, app: Flask, session: BrowserSession, response: Response) -> None:
        """Store the session if it was changed and could be read. Raises Unavailable."""
        if session.unreadable:
            return
        try:
            self._delete_former(session)
            if session or not session.modified:
                super().save_session(app, session, response)
                return
            if session.stored:
                self._delete_session(session.sid)
        except _Gone:
            return
        except self.store.failures as exc:
            session.unreadable = True  # the error's own answer isn't to try once more
            log.error("a session can't be saved: %s", _first_line(exc))
            raise Unavailable() from exc
        if session.stored:
            response.delete_cookie(
                self.get_cookie_name(app),
                path=self.get_cookie_path(app),
                secure=self.get_cookie_secure(app),  # or the browser keeps one named __Host-
                httponly=True,
                samesite=self.get_cookie_samesite(app),
            )
            response.vary.add("Cookie")

    def regenerate(self, session: BrowserSession) -> None:
        """Continue the session under a new id. When it is saved, the old id is deleted."""
        if session.stored:
            session.former_sid = session.sid
        session.sid = self._generate_sid(self.sid_length)
        session.stored = False
        session.modified = True

    def save_with_transaction(self, session: BrowserSession) -> None:
        """Save the session in the surrounding `atomic()`, if this database is the store.

        Any other store has to be waited for, and is written at the request's end.
        """
        if not self.store.in_database:
            return
        self._delete_former(session)
        data = self._encode(session)
        self._upsert_session(self.app.permanent_session_lifetime, session, session.sid)

        def note() -> None:
            session.stored, session.written = True, data

        after_commit(note)

    def get_expiration_time(self, app: Flask, session: BrowserSession) -> datetime:
        """Return when the cookie expires: with the session."""
        return datetime.now(UTC) + _lifetime(app.permanent_session_lifetime, session)

    def _new(self) -> BrowserSession:
        return BrowserSession(sid=self._generate_sid(self.sid_length), permanent=self.permanent)

    def _retrieve_session_data(self, store_id: str) -> dict[str, Any] | None:
        data = self.store.load(stored_id(store_id))
        if data is None:
            return None
        try:
            return msgspec.msgpack.decode(data, type=dict[str, Any])
        except (msgspec.DecodeError, RecursionError):
            return None

    def _upsert_session(
        self, session_lifetime: timedelta, session: BrowserSession, store_id: str
    ) -> None:
        key, data = stored_id(store_id), self._encode(session)
        if session.written == data:
            return
        lifetime = _lifetime(session_lifetime, session)
        if not session.stored:
            self.store.insert(key, data, lifetime)
        elif not self.store.update(key, data, lifetime):
            raise _Gone

    def _encode(self, session: BrowserSession) -> bytes:
        return msgspec.msgpack.encode(dict(session))

    def _delete_former(self, session: BrowserSession) -> None:
        if session.former_sid is not None:
            self._delete_session(session.former_sid)
            session.former_sid = None

    def _delete_session(self, store_id: str) -> None:
        self.store.delete(stored_id(store_id))


def _lifetime(longest: timedelta, session: BrowserSession) -> timedelta:
    return longest if "sign_in" in session else min(longest, ANONYMOUS_LIFETIME)


def _first_line(exc: Exception) -> str:
    return f"{type(exc).__name__}: {str(exc).partition(chr(10))[0][:300]}"
