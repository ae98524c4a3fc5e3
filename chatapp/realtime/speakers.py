"""The dialects that can be spoken here, and how many connections speak each."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

import socketio

from chatapp.core import concurrency
from chatapp.realtime.connections import Connection, Connections
from chatapp.realtime.dialect import COLON, Args, Dialect
from chatapp.realtime.rooms import translated

log = logging.getLogger(__name__)


class Speakers:
    """Which of the switched-on dialects are in use, so that the others cost nothing."""

    def __init__(self, server: socketio.Server, connections: Connections) -> None:
        self._server = server
        self._connections = connections
        self._known: dict[str, Dialect] = {COLON.name: COLON}
        self._counts: Counter[str] = Counter()
        #: Held while a connection changes its dialect, and while an event goes out in all of them:
        #: else that connection would get it twice, or not at all.
        self.changing = concurrency.lock()
        #: How often connections and sign-ins began to use each older dialect, since the start.
        self.uses: Counter[str] = Counter()

    @property
    def known(self) -> Mapping[str, Dialect]:
        """The dialects that are switched on, by name."""
        return self._known

    def switch_on(self, dialects: Iterable[Dialect]) -> None:
        """Allow connections to speak these dialects, beside colon."""
        self._known.update({dialect.name: dialect for dialect in dialects})

    def begin(self, dialect: Dialect) -> None:
        """Count one more connection that speaks this dialect."""
        self._counts[dialect.name] += 1

    def end(self, dialect: Dialect) -> None:
        """Count one connection less that speaks this dialect."""
        self._counts[dialect.name] -= 1

    def spoken(self) -> list[Dialect]:
        """Return the older dialects that some connection speaks now: usually none."""
        return [
            dialect
            for name, dialect in self._known.items()
            if dialect is not COLON and self._counts[name] > 0
        ]

    def note_use(self, dialect: str, user_id: str | None) -> None:
        """Log and count that a connection or sign-in uses this dialect for the first time.

        It shows operators when a dialect can be switched off.
        """
        self.uses[dialect] += 1
        log.info(
            "the dialect %s is in use, for the %d. time since the start",
            dialect,
            self.uses[dialect],
            extra={"dialect": dialect, "user_id": user_id},
        )

    def settle(self, connection: Connection, name: object, args: Args) -> Connection:
        """Let a connection's first event decide its dialect, if the handshake didn't.

        Returns the connection as it is from now on.
        """
        if connection.settled:
            return connection
        connection = replace(connection, settled=True)
        self._connections[connection.sid] = connection
        dialect = self._by_first_event(name, args)
        return connection if dialect is connection.dialect else self._switch(connection, dialect)

    def _by_first_event(self, name: object, args: Args) -> Dialect:
        for dialect in self._known.values():
            if dialect.by_first_event:
                actual_name, _ = dialect.unwrap(name, args)
                if isinstance(actual_name, str) and actual_name in dialect.handlers:
                    return dialect
        return COLON

    def _switch(self, connection: Connection, dialect: Dialect) -> Connection:
        """Move the connection into the rooms of another dialect."""
        switched = replace(connection, dialect=dialect)
        with self.changing:
            for room in list(self._server.rooms(connection.sid)):
                other = translated(room, connection.dialect.name, dialect.name)
                if other is not None:
                    self._server.leave_room(connection.sid, room)
                    self._server.enter_room(connection.sid, other)
            self.end(connection.dialect)
            self.begin(dialect)
            self._connections[connection.sid] = switched
        self.note_use(dialect.name, switched.user_id)
        return switched
