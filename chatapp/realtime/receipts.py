"""Who of those connected here hides what they read: they hear of nobody's reading either.

Known from the handshake, from what is announced, and for switches in another process from the
database, as often as it is asked who is still signed in. Where nobody hides it, it costs nothing.
"""

from __future__ import annotations

from itertools import islice

from flask import Flask
from sqlalchemy import select

from chatapp.core.db import db
from chatapp.models import User
from chatapp.realtime.dispatch import connections
from chatapp.realtime.membership import sids_in

_AT_ONCE = 500

_hiding: set[str] = set()
_noted = 0


def note(user_id: str, hidden: bool) -> None:
    """This person hides what they read, or doesn't."""
    global _noted  # noqa: PLW0603  (one a process, like the connections)
    _noted += 1
    (_hiding.add if hidden else _hiding.discard)(user_id)


def is_hiding(user_id: str) -> bool:
    """Whether this person, who is connected here, hides what they read."""
    return user_id in _hiding


def hiding_in(room: str, reader_id: str | None = None) -> list[str]:
    """The connections in a room of those who hide it, but for ``reader_id``'s own."""
    if not _hiding:
        return []
    hiding = _hiding - {reader_id}
    return [sid for sid in sids_in(room) if connections[sid].user_id in hiding]


def refresh(app: Flask) -> None:
    """Read it anew of all who are connected here."""
    before, found = _noted, set[str]()
    ids = iter({connection.user_id for connection in connections.values()})
    while some := list(islice(ids, _AT_ONCE)):
        with app.app_context():
            hiding = select(User.id).where(User.id.in_(some), User.hide_read_receipts)
            found.update(db.session.scalars(hiding))
    if _noted == before:  # else somebody came or switched meanwhile: the next time
        _hiding.clear()
        _hiding.update(found)
