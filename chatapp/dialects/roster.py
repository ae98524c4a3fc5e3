"""Who is online, as the list of ids that cookie's clients want, at most once a second each."""

from __future__ import annotations

from flask import Flask, current_app

from chatapp.conversation.audience import noticed_by
from chatapp.core import concurrency
from chatapp.core.presence import online
from chatapp.extensions import socketio
from chatapp.realtime.dispatch import Connection
from chatapp.realtime.hooks import after_connect
from chatapp.realtime.rooms import inbox_room

#: Seconds between two lists for one person.
PAUSE = 1.0

_EVENT = "getOnlineUsers"
#: Those who get their next list within `PAUSE`.
_due: set[str] = set()


@after_connect
def welcome(connection: Connection) -> None:
    """Who connects is told at once, unless they are about to be."""
    if connection.dialect.noticed is changed and connection.user_id not in _due:
        socketio.server.emit(_EVENT, _roster(connection.user_id), to=connection.sid)
        # What comes and goes meanwhile comes in one list.
        changed(current_app._get_current_object(), connection.user_id)  # type: ignore[attr-defined]


def changed(app: Flask, user_id: str) -> None:
    """Somebody whose presence is for this person came or went."""
    if user_id not in _due:
        _due.add(user_id)
        concurrency.spawn(_tell, app, user_id)


def _tell(app: Flask, user_id: str) -> None:
    concurrency.wait(PAUSE)
    _due.discard(user_id)
    with app.app_context():
        socketio.server.emit(_EVENT, _roster(user_id), to=inbox_room(user_id, "cookie"))


def _roster(user_id: str) -> list[str]:
    """Oneself, and those online whose presence one may notice."""
    present = online(noticed_by(user_id))
    return [user_id, *sorted(id_ for id_, is_online in present.items() if is_online)]
