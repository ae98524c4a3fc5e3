"""Who is typing. It ends by itself: when its time is over, or with the connection."""

from __future__ import annotations

import time
from dataclasses import dataclass

from flask import Flask

from chatapp.core import concurrency
from chatapp.realtime.connections import Connection
from chatapp.realtime.views import Views

#: Seconds after which typing has stopped, unless it is started again.
TYPING_TTL_SECONDS = 6.0


@dataclass(frozen=True, slots=True)
class _Typist:
    sid: str
    name: str
    until: float


class Typing:
    """The people who are typing, by conversation."""

    def __init__(self, app: Flask, views: Views) -> None:
        self._app = app
        self._views = views
        self._typists: dict[tuple[int, str], _Typist] = {}

    def start(self, connection: Connection, conversation_id: int, name: str) -> None:
        """Show the others who view the conversation that this person is typing."""
        key = conversation_id, connection.user_id
        known = self._typists.get(key)
        until = time.monotonic() + TYPING_TTL_SECONDS
        self._typists[key] = _Typist(connection.sid, name, until)
        self._views.tell_others("user:typing", conversation_id, connection.user_id, name)
        if known is None:
            concurrency.spawn(self._expire, key)

    def stop(self, user_id: str, conversation_id: int) -> None:
        """Show the others that this person stopped typing."""
        ended = self._typists.pop((conversation_id, user_id), None)
        if ended is not None:
            self._views.tell_others("user:stopped-typing", conversation_id, user_id, ended.name)

    def stop_all(self, connection: Connection) -> None:
        """End all typing over a connection that is gone."""
        for (conversation_id, user_id), typist in list(self._typists.items()):
            if typist.sid == connection.sid:
                self.stop(user_id, conversation_id)

    def _expire(self, key: tuple[int, str]) -> None:
        while (typist := self._typists.get(key)) is not None:
            left = typist.until - time.monotonic()
            if left <= 0:
                with self._app.app_context():
                    self.stop(key[1], key[0])
                return
            concurrency.wait(left)
