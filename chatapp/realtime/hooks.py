"""Functions that run around connecting and disconnecting.

    @after_connect
    def greet(connection: Connection) -> None: ...

Each runs in a task of its own, with an application context: one that fails is logged, and one that
is slow delays neither another hook nor the client. `before_connect` hooks start when it is known
who connects and before any room is joined; `before_disconnect` hooks while the connection still
counts, `after_disconnect` hooks when it no longer does. Since nobody waits for them, a hook that
needs the connection to be open has to check that it still is.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TypeVar

from flask import Flask

from chatapp.core import concurrency
from chatapp.realtime.connections import Connection

log = logging.getLogger(__name__)

Hook = Callable[[Connection], None]
H = TypeVar("H", bound=Hook)


class Hooks:
    """The functions to run at one moment; used as a decorator it adds one."""

    def __init__(self, moment: str) -> None:
        self.moment = moment
        self.functions: list[Hook] = []

    def __call__(self, function: H) -> H:
        """Run ``function`` at this moment from now on."""
        self.functions.append(function)
        return function

    def run(self, app: Flask, connection: Connection, own: Sequence[Hook] = ()) -> None:
        """Start the app's ``own`` hooks and all that were added; return at once."""
        for function in (*own, *self.functions):
            concurrency.spawn(self._run, app, function, connection)

    def _run(self, app: Flask, function: Hook, connection: Connection) -> None:
        try:
            with app.app_context():
                function(connection)
        except Exception:
            log.exception("%s: the hook %s failed", self.moment, function.__qualname__)


before_connect = Hooks("before_connect")
after_connect = Hooks("after_connect")
before_disconnect = Hooks("before_disconnect")
after_disconnect = Hooks("after_disconnect")
