"""Functions that run around connecting and disconnecting.

    @after_connect
    def greet(connection: Connection) -> None: ...

Each runs in a task of its own, with an application context: one that fails is logged, one that is
slow keeps nobody waiting, neither another hook nor the client. `before_connect` hooks start when
it is known who connects and before any room is joined; `before_disconnect` ones while the
connection still counts, `after_disconnect` ones when it doesn't any more. Since nobody waits for
them, a hook that needs the connection to be there looks whether it still is.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

from flask import Flask

from chatapp.core import concurrency
from chatapp.realtime.dispatch import Connection

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

    def run(self, app: Flask, connection: Connection) -> None:
        """Start all of them; returns at once."""
        for function in self.functions:
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
