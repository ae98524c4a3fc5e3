"""The open Socket.IO connections of this process, and the people they belong to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import socketio

from chatapp.realtime.dialect import COLON, Dialect
from chatapp.realtime.rooms import credential_room, user_room
from chatapp.security.identity import Identity


@dataclass(frozen=True, slots=True)
class Connection:
    """One open socket, and the person on the other end."""

    sid: str
    identity: Identity
    dialect: Dialect = COLON
    #: Whether its first event can no longer change the dialect.
    settled: bool = True

    @property
    def user_id(self) -> str:
        """The person on the other end."""
        return self.identity.user_id


class Connections:
    """Every connection of this process, by its Socket.IO id."""

    def __init__(self, server: socketio.Server) -> None:
        self._server = server
        self._by_sid: dict[str, Connection] = {}

    def __getitem__(self, sid: str) -> Connection:
        return self._by_sid[sid]

    def __setitem__(self, sid: str, connection: Connection) -> None:
        self._by_sid[sid] = connection

    def __contains__(self, sid: object) -> bool:
        return sid in self._by_sid

    def __iter__(self) -> Iterator[Connection]:
        return iter(list(self._by_sid.values()))

    def __len__(self) -> int:
        return len(self._by_sid)

    def get(self, sid: str) -> Connection | None:
        """Return the connection, or None when it isn't open."""
        return self._by_sid.get(sid)

    def pop(self, sid: str) -> Connection | None:
        """Forget the connection; return it, or None when somebody else was faster."""
        return self._by_sid.pop(sid, None)

    def sids_in(self, room: str) -> list[str]:
        """Return the ids of the connections in a room."""
        participants = self._server.manager.get_participants("/", room)
        return [sid for sid, _ in participants if sid in self._by_sid]

    def sids_of(self, user_id: str) -> list[str]:
        """Return the ids of this person's connections, whatever dialect they speak."""
        return self.sids_in(user_room(user_id))

    def close_opened_by(self, credential_id: str) -> None:
        """Close every connection that this token or session opened."""
        for sid in self.sids_in(credential_room(credential_id)):
            self._server.disconnect(sid)
