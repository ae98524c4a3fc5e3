"""Sockets whose sign-in has ended somewhere else are cut.

A sign-in may end in another process, on the command line, or by itself when its time is over, and
none of that is announced here. So as long as there are connections, one task reads every few
seconds which of their sign-ins still count.
"""

from __future__ import annotations

import logging
from itertools import islice

from flask import Flask, current_app

from chatapp.core import concurrency
from chatapp.realtime import receipts
from chatapp.realtime.broadcast import end_connections
from chatapp.realtime.dispatch import Connection, connections
from chatapp.realtime.hooks import after_connect
from chatapp.security.identity import standing

log = logging.getLogger(__name__)

#: Seconds; an ended sign-in's sockets are gone within 5.
INTERVAL = 2.5
_AT_ONCE = 500

_lock = concurrency.lock()
_running = False


@after_connect
def watch(_connection: Connection) -> None:
    """Watch over all connections until there is none; one task does it for all."""
    global _running  # noqa: PLW0603  (one a process, like the connections)
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    with _lock:
        if _running:
            return
        _running = True
    healthy = True
    while True:
        concurrency.wait(INTERVAL)
        with _lock:
            if not connections:  # whoever connects from here on starts a watch of their own
                _running = False
                return
        try:
            cut_ended(app)
            receipts.refresh(app)
            healthy = True
        except Exception:
            if healthy:  # once, not every few seconds for as long as the database is away
                log.exception("who is still signed in can't be read; sockets stay meanwhile")
            healthy = False


def cut_ended(app: Flask) -> None:
    """Close every connection of this process whose sign-in doesn't count any more."""
    ids = iter({connection.identity.credential_id for connection in connections.values()})
    while some := set(islice(ids, _AT_ONCE)):
        with app.app_context():
            ended = some - standing(some)
        for id_ in ended:
            end_connections(id_)
