"""Who is online, as the list of ids that cookie's clients want, at most once a second each."""

from __future__ import annotations

from flask import Flask, current_app

from chatapp.conversation.audience import visible_people
from chatapp.core import concurrency
from chatapp.core.presence import online
from chatapp.realtime.connections import Connection
from chatapp.realtime.hooks import after_connect
from chatapp.realtime.hub import Hub
from chatapp.realtime.rooms import inbox_room

#: Seconds between two lists for one person.
PAUSE_SECONDS = 1.0

_EVENT = "getOnlineUsers"


class Rosters:
    """The people who get their next list within `PAUSE_SECONDS`."""

    def __init__(self, app: Flask, hub: Hub) -> None:
        self._app = app
        self._hub = hub
        self._due: set[str] = set()

    def welcome(self, connection: Connection) -> None:
        """Send a new connection its list at once, unless one is due anyway."""
        if connection.user_id not in self._due:
            self._send(connection.user_id, to=connection.sid)
            self.send_soon(connection.user_id)  # one list for all who come and go until then

    def send_soon(self, user_id: str) -> None:
        """Send this person a new list when the pause after the last one is over."""
        if user_id not in self._due:
            self._due.add(user_id)
            concurrency.spawn(self._send_later, user_id)

    def _send_later(self, user_id: str) -> None:
        concurrency.wait(PAUSE_SECONDS)
        self._due.discard(user_id)
        with self._app.app_context():
            self._send(user_id, to=inbox_room(user_id, "cookie"))

    def _send(self, user_id: str, *, to: str) -> None:
        """Emit this person's own id, and those of the people they may see who are online."""
        present = online(visible_people(user_id))
        ids = sorted(id_ for id_, is_online in present.items() if is_online)
        self._hub.server.emit(_EVENT, [user_id, *ids], to=to)


@after_connect
def welcome(connection: Connection) -> None:
    """Send a connection that speaks cookie its first list."""
    if connection.dialect.on_presence_change is changed:
        rosters: Rosters = current_app.extensions["rosters"]
        rosters.welcome(connection)


def changed(app: Flask, user_id: str) -> None:
    """Send this person a new list soon: somebody they may see came or went."""
    rosters: Rosters = app.extensions["rosters"]
    rosters.send_soon(user_id)


def init_app(app: Flask) -> None:
    """Give the app rosters of its own."""
    app.extensions["rosters"] = Rosters(app, app.extensions["hub"])
