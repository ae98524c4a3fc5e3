"""Coming and going of people, told to those whom it concerns."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import current_app
from sqlalchemy import update

from chatapp.conversation.audience import neighbours
from chatapp.conversation.blocks import hiding_last_seen
from chatapp.core import concurrency, presence
from chatapp.core.clock import iso
from chatapp.core.db import atomic, db, now
from chatapp.models import User
from chatapp.realtime.delivery import to_person
from chatapp.realtime.dialect import spoken
from chatapp.realtime.dispatch import Connection, connections
from chatapp.realtime.hooks import after_connect, after_disconnect

#: Seconds for which somebody whose last connection ended still counts as online.
GRACE = 5.0


@after_connect
def come(connection: Connection) -> None:
    """Somebody's first connection brings them online."""
    if connection.sid in connections and presence.came(connection.user_id, connection.sid):
        user = db.session.get(User, connection.user_id)
        _tell("user:online", connection.user_id, user.last_seen if user else None)


@after_disconnect
def go(connection: Connection) -> None:
    """The last connection's end takes them offline, unless they are back within `GRACE`."""
    if not presence.went(connection.user_id, connection.sid):
        return
    db.session.remove()  # no connection is held while waiting
    concurrency.wait(GRACE)
    if not presence.stayed_away(connection.user_id, connection.sid):
        return
    moment = now()
    with atomic() as work:
        work.execute(
            update(User)
            .where(User.id == connection.user_id)
            .values(last_seen=moment, updated_at=User.updated_at)
        )
    _tell("user:offline", connection.user_id, moment)


def _tell(event: str, user_id: str, last_seen: datetime | None) -> None:
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    told = neighbours(user_id)
    hiding = hiding_last_seen({user_id, *told})
    for neighbour in told:
        known = None if {user_id, neighbour} & hiding else last_seen
        payload: dict[str, Any] = {"user_id": user_id, "last_seen": iso(known)}
        to_person(app, event, payload, neighbour)
        for dialect in spoken():
            if dialect.noticed is not None:
                dialect.noticed(app, neighbour)
