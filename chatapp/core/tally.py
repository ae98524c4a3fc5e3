"""Counts of expected failures, so that a flood of them doesn't fill the log."""

from __future__ import annotations

import logging

from chatapp.core.clock import Interval

#: Seconds between two lines about the same kind of failure.
INTERVAL_SECONDS = 1.0


class OncePerInterval(logging.Filter):
    """Lets a library's lines that begin so pass once a second at most."""

    def __init__(self, start: str) -> None:
        super().__init__()
        self._start = start
        self._interval = Interval(INTERVAL_SECONDS)

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the line may pass."""
        return not record.getMessage().startswith(self._start) or self._interval.due()


class Tally:
    """Logs a kind of failure at most once a second, with how often it happened since."""

    def __init__(self, log: logging.Logger, text: str, level: int = logging.WARNING) -> None:
        self._log = log
        self._text = text
        self._level = level
        self._count = 0
        self._interval = Interval(INTERVAL_SECONDS)

    def add(self, detail: object = "") -> None:
        """Count one more; ``detail`` is shown if a line is due."""
        self._count += 1
        if self._interval.due():
            count, self._count = self._count, 0
            self._log.log(self._level, "%s: %s (%d since the last line)", self._text, detail, count)
