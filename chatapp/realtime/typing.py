"""Who is writing just now. It ends by itself: by time, or with the connection."""

from __future__ import annotations

import time
from dataclasses import dataclass

from flask import Flask, current_app

from chatapp.core import concurrency
from chatapp.realtime.dispatch import Connection
from chatapp.realtime.hooks import after_disconnect
from chatapp.realtime.membership import when_removed
from chatapp.realtime.views import tell_viewers

#: Seconds after which typing has stopped, unless it is started again.
LASTS = 6.0


@dataclass(slots=True)
class _Typing:
    sid: str
    name: str
    until: float


_typing: dict[tuple[int, str], _Typing] = {}


def start(connection: Connection, conversation_id: int, name: str) -> None:
    """The others who view the conversation see that this person is writing."""
    key = conversation_id, connection.user_id
    known = _typing.get(key)
    _typing[key] = _Typing(connection.sid, name, time.monotonic() + LASTS)
    tell_viewers("user:typing", conversation_id, connection.user_id, name)
    if known is None:
        app = current_app._get_current_object()  # type: ignore[attr-defined]
        concurrency.spawn(_watch, app, key)


def stop(user_id: str, conversation_id: int) -> None:
    """They see no more of it."""
    ended = _typing.pop((conversation_id, user_id), None)
    if ended is not None:
        tell_viewers("user:stopped-typing", conversation_id, user_id, ended.name)


@after_disconnect
def stop_with_the_connection(connection: Connection) -> None:
    """Whoever is gone isn't writing."""
    for (conversation_id, user_id), typing in list(_typing.items()):
        if typing.sid == connection.sid:
            stop(user_id, conversation_id)


@when_removed
def stop_typing_of_the_removed(connection: Connection, conversation_id: int) -> None:
    """Whoever is a member no more isn't writing there."""
    stop(connection.user_id, conversation_id)


def _watch(app: Flask, key: tuple[int, str]) -> None:
    while (typing := _typing.get(key)) is not None:
        left = typing.until - time.monotonic()
        if left <= 0:
            with app.app_context():
                stop(key[1], key[0])
            return
        concurrency.wait(left)
