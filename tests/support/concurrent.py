"""Run a function beside a test, in a thread with an application context of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any


class Beside(threading.Thread):
    """Calls a function in a context of its own; `answer()` is what it returned."""

    def __init__(self, app, function: Callable[[], Any]) -> None:
        super().__init__()
        self._app, self._function = app, function
        self.started_work = threading.Event()
        self.result: Any = None
        self.start()

    def run(self) -> None:
        with self._app.app_context():
            self.started_work.set()
            try:
                self.result = self._function()
            except Exception as exc:
                self.result = exc

    def answer(self) -> Any:
        self.join(20)
        assert not self.is_alive(), "it waits for ever"
        if isinstance(self.result, Exception):
            raise self.result
        return self.result
