"""Closing connections whose sign-in has ended elsewhere.

A sign-in may end in another process, on the command line, or because its time is over, and none
of that is announced here. So as long as there are connections, one task reads every few seconds
which of their sign-ins still count.
"""

from __future__ import annotations

import logging
from itertools import islice

from flask import Flask

from chatapp.core import concurrency
from chatapp.realtime.connections import Connection, Connections
from chatapp.realtime.receipts import Receipts
from chatapp.security.sign_in_lookup import still_valid

log = logging.getLogger(__name__)

#: Connections of an ended sign-in are closed within 5 seconds.
INTERVAL_SECONDS = 2.5
_BATCH_SIZE = 500


class Revalidation:
    """The one task that checks all connections of this process."""

    def __init__(self, app: Flask, connections: Connections, receipts: Receipts) -> None:
        self._app = app
        self._connections = connections
        self._receipts = receipts
        self._lock = concurrency.lock()
        self._running = False

    def watch(self, _connection: Connection) -> None:
        """Check all connections until none is left; return at once where a task does so already."""
        with self._lock:
            if self._running:
                return
            self._running = True
        healthy = True
        while True:
            concurrency.wait(INTERVAL_SECONDS)
            with self._lock:
                if not self._connections:  # the next one to connect starts a task of its own
                    self._running = False
                    return
            try:
                self.close_ended()
                self._receipts.refresh()
                healthy = True
            except Exception:
                if healthy:  # once, not every few seconds for as long as the database is away
                    log.exception("can't read which sign-ins still count; connections stay open")
                healthy = False

    def close_ended(self) -> None:
        """Close every connection of this process whose sign-in no longer counts."""
        ids = iter({connection.identity.credential_id for connection in self._connections})
        while some := set(islice(ids, _BATCH_SIZE)):
            with self._app.app_context():
                ended = some - still_valid(some)
            for id_ in ended:
                self._connections.close_opened_by(id_)
