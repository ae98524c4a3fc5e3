"""The people who have an open connection, in this process's memory, one registry for each app."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from flask import Flask, current_app


class OnlinePeople:
    """Who is online, by their connections."""

    def __init__(self) -> None:
        self._connections: dict[str, set[str]] = defaultdict(set)
        #: People whose last connection ended a moment ago, and that connection: they still count
        #: as online, unless they stay away.
        self._leaving: dict[str, str] = {}

    def add(self, user_id: str, sid: str) -> bool:
        """Add a connection of this person; return whether they were offline before."""
        first = user_id not in self._connections and user_id not in self._leaving
        self._leaving.pop(user_id, None)
        self._connections[user_id].add(sid)
        return first

    def remove(self, user_id: str, sid: str) -> bool:
        """Remove a connection that ended; return whether it was their last one.

        They still count as online then, until `expire`.
        """
        sids = self._connections.get(user_id)
        if sids is None or sid not in sids:
            return False
        sids.discard(sid)
        if sids:
            return False
        del self._connections[user_id]
        self._leaving[user_id] = sid
        return True

    def expire(self, user_id: str, sid: str) -> bool:
        """Count them as offline; return False where they came back since this connection ended.

        Also where they left again since then: the end of that later connection decides.
        """
        if self._leaving.get(user_id) != sid:
            return False
        del self._leaving[user_id]
        return True

    def online(self, user_ids: Iterable[str]) -> dict[str, bool]:
        """Return for each of these people whether they are online."""
        return {
            user_id: user_id in self._connections or user_id in self._leaving
            for user_id in user_ids
        }


def init_app(app: Flask) -> None:
    """Give the app a registry of its own."""
    app.extensions["presence"] = OnlinePeople()


def online(user_ids: Iterable[str]) -> dict[str, bool]:
    """Return for each of these people whether they are online in the current app."""
    people: OnlinePeople = current_app.extensions["presence"]
    return people.online(user_ids)
