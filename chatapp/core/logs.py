"""Logs: one event is one line, as text or as JSON, each with its request's id.

What comes from outside (names, addresses, headers) may hold line breaks or terminal codes;
neither may look like a line of its own, so everything that isn't printable is written escaped.
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

# Control characters, line and paragraph separators, what turns the direction of text, surrogates.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
_PLAIN = re.compile(r"[^\s='\"]+")
_OURS = {"time", "request_id"}
_NOT_EXTRA = {*RESERVED_ATTRS, *_OURS}

# Below these, other people's loggers tell a reader of ours nothing. A level of its own also keeps
# engineio and socketio from installing handlers of their own.
_QUIET = {
    "gunicorn.error": logging.WARNING,
    "werkzeug": logging.WARNING,
    "alembic": logging.WARNING,
    "engineio.server": logging.WARNING,
    "socketio.server": logging.WARNING,
}


# Said at every start about what was decided and written down (docs/decisions), or asked for.
_NO_NEWS = (
    "The eventlet worker is DEPRECATED",
    "Reloader is on.",
    "({}) wsgi starting up",
    "({}) wsgi exited",
)


def escaped(text: str) -> str:
    """`text` on one line, harmless on a terminal."""
    return _UNSAFE.sub(lambda match: ascii(match[0])[1:-1], text)


class TextFormatter(logging.Formatter):
    """`time level logger [request id] message key=value …`, and a traceback where there is one.

    `tracebacks="lines"`, for a person at a terminal, gives a traceback its lines, each marked so
    that none can pass for an event; otherwise it stays on the event's line.
    """

    def __init__(self, tracebacks: str = "escaped") -> None:
        super().__init__()
        self._joint = "\n    | " if tracebacks == "lines" else "\\n"

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
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
        return self._joint.join(escaped(part) for part in [line, *details])


class _Stamp(logging.Filter):
    """Gives each record its time and the id of the request it belongs to."""

    def filter(self, record: logging.LogRecord) -> bool:
        time = datetime.fromtimestamp(record.created, UTC)
        record.time = time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        record.request_id = request_id.get()
        return not str(record.msg).startswith(_NO_NEWS)


class _Handler(logging.StreamHandler):  # type: ignore[type-arg]
    """Ours, so that a second `configure` finds and replaces it, and leaves those of others."""


class Wishes(Protocol):
    """The part of Settings that this module needs."""

    @property
    def log_format(self) -> str:
        """`text` or `json`."""

    @property
    def log_level(self) -> str:
        """`debug`, `info`, `warning` or `error`."""


def configure(settings: Wishes) -> None:
    """Send every logger's lines to standard error, as the settings say. May be called again."""
    handler = _Handler(sys.stderr)
    handler.addFilter(_Stamp())
    handler.setFormatter(_formatter(settings.log_format))
    root = logging.getLogger()
    for other in [h for h in root.handlers if isinstance(h, _Handler)]:
        root.removeHandler(other)
    root.addHandler(handler)
    root.setLevel(settings.log_level.upper())
    for name, level in _QUIET.items():
        logging.getLogger(name).setLevel(max(level, root.level))
    if settings.log_level == "debug":
        logging.getLogger("gunicorn.error").setLevel(logging.DEBUG)
    silence_eventlet()
    logging.captureWarnings(True)


def silence_eventlet() -> None:
    """No deprecation warnings about a choice that is made and written down."""
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
