"""eventlet's WebSocket (read in 0.41) writes to `wsgi.errors` what it can't shut down in peace."""

from __future__ import annotations

import logging

log = logging.getLogger(__name__)


class LogStream:
    """A stream whose lines go to the log, where only someone who debugs reads them."""

    def write(self, text: str) -> None:
        """One line, or a part of one."""
        log.debug("%s", text.strip())

    def flush(self) -> None:
        """Nothing is kept back."""
