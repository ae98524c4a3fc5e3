"""Who has an open connection, in this process's memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

_connections: dict[str, set[str]] = defaultdict(set)
#: People whose last connection, this one, ended a moment ago: still online, unless they stay away.
_leaving: dict[str, str] = {}


def came(user_id: str, sid: str) -> bool:
    """This connection is theirs; whether they were offline before."""
    first = user_id not in _connections and user_id not in _leaving
    _leaving.pop(user_id, None)
    _connections[user_id].add(sid)
    return first


def went(user_id: str, sid: str) -> bool:
    """This connection has ended; whether it was the last, so that they are about to leave."""
    sids = _connections.get(user_id)
    if sids is None or sid not in sids:
        return False
    sids.discard(sid)
    if sids:
        return False
    del _connections[user_id]
    _leaving[user_id] = sid
    return True


def stayed_away(user_id: str, sid: str) -> bool:
    """They count as offline now; False where they came back since this connection ended.

    Also where they left again since: the end of that later connection decides then.
    """
    if _leaving.get(user_id) != sid:
        return False
    del _leaving[user_id]
    return True


def online(user_ids: Iterable[str]) -> dict[str, bool]:
    """Of each of these people whether they are online."""
    return {user_id: user_id in _connections or user_id in _leaving for user_id in user_ids}
