"""Long polling: what python-engineio (read in 4.15) refuses or prints without need."""

from __future__ import annotations

import logging

from engineio.payload import Payload

#: Packets in one POST. A client that emits without waiting puts all of them into one; the bytes
#: of a body are capped anyway. The library's own limit is 16.
MOST_PACKETS = 1000


def relax() -> None:
    """Take bodies of up to `MOST_PACKETS`, and log a bad one in a line."""
    Payload.max_decode_packets = MOST_PACKETS
    logger = logging.getLogger("engineio.server")
    if _without_traceback not in logger.filters:
        logger.addFilter(_without_traceback)


def _without_traceback(record: logging.LogRecord) -> bool:
    if record.msg == "post request handler error":
        record.exc_info = None  # whoever sends garbage doesn't fill our log with stack traces
    return True
