"""Long polling: limits and log lines of python-engineio (read in 4.15) that don't fit here."""

from __future__ import annotations

import logging

from engineio.payload import Payload

#: Packets in one POST. A client that emits without waiting puts all of them into one; the size of a
#: body is limited anyway. The library's own limit is 16.
MAX_PACKETS = 1000


def relax() -> None:
    """Accept bodies of up to `MAX_PACKETS`, and log a bad one without its stack trace."""
    Payload.max_decode_packets = MAX_PACKETS
    logger = logging.getLogger("engineio.server")
    if _drop_traceback not in logger.filters:
        logger.addFilter(_drop_traceback)


def _drop_traceback(record: logging.LogRecord) -> bool:
    if record.msg == "post request handler error":
        record.exc_info = None  # clients that send garbage don't fill the log with stack traces
    return True
