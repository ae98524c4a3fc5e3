"""Times as they go over the wire, and work that is due at intervals."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import overload


@overload
def iso(moment: datetime) -> str: ...
@overload
def iso(moment: None) -> None: ...
def iso(moment: datetime | None) -> str | None:
    """Format as ISO 8601 in UTC with milliseconds and Z: `2026-01-02T03:04:05.678Z`."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse(text: str) -> datetime:
    """Parse what `iso` wrote. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class Interval:
    """An interval for housekeeping that is done by the next request after it."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._next = 0.0

    def due(self) -> bool:
        """Return True once per interval, to the caller that has to do the work."""
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + self._seconds
        return True
