"""Logs: one line per event, as text or as JSON, each with its request's id.

Names, addresses and headers may contain line breaks or terminal codes. Unprintable characters are
escaped, so that they can't forge a line.
"""

from __future__ import annotations

import logging
import re
import sys
import warnings
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Protocol

from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter

request_id: ContextVar[str] = ContextVar("request_id", default="-")

# Control characters, line and paragraph separators, bidirectional controls, surrogates.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
_PLAIN = re.compile(r"[^\s='\"]+")
_ADDED_FIELDS = {"time", "request_id"}
_NOT_EXTRA = {*RESERVED_ATTRS, *_ADDED_FIELDS}

# Below these levels, the libraries' logs are noise. A level of its own also keeps engineio and
# socketio from installing their own handlers.
_LIBRARY_LEVELS = {
    "gunicorn.error": logging.WARNING,
    "werkzeug": logging.WARNING,
    "alembic": logging.WARNING,
    "engineio.server": logging.WARNING,
    "socketio.server": logging.WARNING,
}


# Messages at every start about decisions that are documented (docs/decisions), or were asked for.
_IGNORED = (
    "The eventlet worker is DEPRECATED",
    "Reloader is on.",
    "({}) wsgi starting up",
    "({}) wsgi exited",
)


def escape(text: str) -> str:
    """Escape `text` so that it stays on one line and is harmless on a terminal."""
    return _UNSAFE.sub(lambda match: ascii(match[0])[1:-1], text)


class TextFormatter(logging.Formatter):
    """Formats `time level logger [request id] message key=value …`, and tracebacks.

    With `tracebacks="lines"`, for a person at a terminal, a traceback has lines of its own, each
    marked so that it can't pass for an event. Otherwise it stays on the event's line.
    """

    def __init__(self, tracebacks: str = "escaped") -> None:
        super().__init__()
        self._separator = "\n    | " if tracebacks == "lines" else "\\n"

    def format(self, record: logging.LogRecord) -> str:
        """Format the record as one line."""
        values = vars(record)
        line = (
            f"{values.get('time')} {record.levelname:<7} {record.name}"
            f" [{values.get('request_id')}] {record.getMessage()}"
        )
        for name, value in values.items():
            if name not in _NOT_EXTRA and not name.startswith("_"):
                text = str(value)
                line += f" {name}={text if _PLAIN.fullmatch(text) else repr(text)}"
        details = []
        if record.exc_info:
            details += self.formatException(record.exc_info).split("\n")
        if record.stack_info:
            details += self.formatStack(record.stack_info).split("\n")
        return self._separator.join(escape(part) for part in [line, *details])


class _AddTimeAndRequestId(logging.Filter):
    """Adds the time and the request id to each record."""

    def filter(self, record: logging.LogRecord) -> bool:
        time = datetime.fromtimestamp(record.created, UTC)
        record.time = time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        record.request_id = request_id.get()
        return not str(record.msg).startswith(_IGNORED)


class _Handler(logging.StreamHandler):  # type: ignore[type-arg]
    """Our handler, which a second `configure` finds and replaces."""


class LogSettings(Protocol):
    """The settings that this module needs."""

    @property
    def log_format(self) -> str:
        """`text` or `json`."""

    @property
    def log_level(self) -> str:
        """`debug`, `info`, `warning` or `error`."""


def configure(settings: LogSettings) -> None:
    """Send all logs to standard error, as the settings say. May be called again."""
    handler = _Handler(sys.stderr)
    handler.addFilter(_AddTimeAndRequestId())
    handler.setFormatter(_formatter(settings.log_format))
    root = logging.getLogger()
    for other in [h for h in root.handlers if isinstance(h, _Handler)]:
        root.removeHandler(other)
    root.addHandler(handler)
    root.setLevel(settings.log_level.upper())
    for name, level in _LIBRARY_LEVELS.items():
        logging.getLogger(name).setLevel(max(level, root.level))
    if settings.log_level == "debug":
        logging.getLogger("gunicorn.error").setLevel(logging.DEBUG)
    silence_eventlet()
    logging.captureWarnings(True)


def silence_eventlet() -> None:
    """Hide deprecation warnings about eventlet; docs/decisions says why it was chosen."""
    warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")
    warnings.filterwarnings("ignore", message="The eventlet worker is deprecated")
    warnings.filterwarnings("ignore", message=r"Using fork\(\) is a bad idea")


def _formatter(log_format: str) -> logging.Formatter:
    if log_format == "json":
        return JsonFormatter(
            ["time", "levelname", "name", "request_id", "message"],
            rename_fields={"levelname": "level", "name": "logger"},
        )
    return TextFormatter("lines" if sys.stderr.isatty() else "escaped")
