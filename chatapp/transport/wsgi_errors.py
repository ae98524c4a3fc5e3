"""A `wsgi.errors` for eventlet's WebSocket (read in 0.41), which writes failed shutdowns to it."""

from __future__ import annotations

import logging

log = logging.getLogger(__name__)


class LogStream:
    """A stream that writes its lines to the log, at the level DEBUG."""

    def write(self, text: str) -> None:
        """Log one line, or a part of one."""
        log.debug("%s", text.strip())

    def flush(self) -> None:
        """Do nothing: nothing is buffered."""
