"""Logs: one line per event, whatever it contains."""

from __future__ import annotations

import contextvars
import io
import json
import logging
import re
import sys
import warnings
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from _pytest.logging import LogCaptureHandler

from chatapp.core import logs

STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
NASTY = [
    "name\r\n2026-01-01T00:00:00.000Z ERROR   chatapp [-] forged",
    "name\nforged",
    "name\rforged",
    "name\x1b[2K\x1b[1Aforged",
    "name\u2028forged",
    "name\u2029forged",
    "name\x85forged",
    "name\x0b\x0cforged",
    "name\x00forged",
    "name\u202egnihtemos\u202c",
    "name\ud800forged",
    "name\x9b31mforged",
]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., io.StringIO]]:
    """`start("json")` configures logging and returns what is then written to standard error."""
    root = logging.getLogger()
    before = (root.level, root.handlers[:])
    levels = {name: logging.getLogger(name).level for name in logs._LIBRARY_LEVELS}

    def configured(
        log_format: str = "text", log_level: str = "info", stream: io.StringIO | None = None
    ) -> io.StringIO:
        stream = stream or io.StringIO()
        monkeypatch.setattr(sys, "stderr", stream)
        for handler in root.handlers[:]:
            if isinstance(handler, LogCaptureHandler):
                root.removeHandler(handler)  # its record can't leave an xdist worker, with \ud800
        logs.configure(SimpleNamespace(log_format=log_format, log_level=log_level))
        return stream

    with warnings.catch_warnings():
        yield configured
        logging.captureWarnings(False)
    root.setLevel(before[0])
    root.handlers[:] = before[1]
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def lines(stream: io.StringIO) -> list[str]:
    text = stream.getvalue()
    assert text.endswith("\n")
    return text[:-1].splitlines()


def failing() -> None:
    try:
        raise ValueError("line one\nline two\u2028line three")
    except ValueError:
        logging.getLogger("chatapp.x").exception("it failed")


class TestText:
    def test_a_line_has_time_level_logger_and_request(self, start: Any) -> None:
        stream = start()
        logging.getLogger("chatapp.auth").info("signed in %s", "ada", extra={"ip": "10.0.0.1"})
        (line,) = lines(stream)
        assert re.fullmatch(
            STAMP + r" INFO    chatapp\.auth \[-\] signed in ada ip=10\.0\.0\.1", line
        )

    def test_the_request_id_comes_from_the_context(self, start: Any) -> None:
        stream = start()

        def handle() -> None:
            logs.request_id.set("r-1")
            logging.getLogger("chatapp").info("inside")

        contextvars.copy_context().run(handle)
        logging.getLogger("chatapp").info("outside")
        inside, outside = lines(stream)
        assert "[r-1] inside" in inside
        assert "[-] outside" in outside

    @pytest.mark.parametrize("nasty", NASTY)
    def test_nothing_forges_a_line(self, start: Any, nasty: str) -> None:
        stream = start()
        logger = logging.getLogger("chatapp")
        logger.info("hello %s", nasty)
        logger.info(nasty.replace("%", ""))
        logger.info("hello", extra={"agent": nasty, "other": [nasty]})
        token = logs.request_id.set(nasty)
        logger.info("hello")
        logs.request_id.reset(token)
        written = lines(stream)
        assert len(written) == 4
        assert all(line.isprintable() for line in written)

    def test_extra_values_cannot_forge_fields(self, start: Any) -> None:
        stream = start()
        logging.getLogger("chatapp").info("x", extra={"agent": "a ip=1.2.3.4", "empty": ""})
        (line,) = lines(stream)
        assert line.endswith("x agent='a ip=1.2.3.4' empty=''")

    def test_a_traceback_stays_on_its_line(self, start: Any) -> None:
        stream = start()
        failing()
        (line,) = lines(stream)
        assert "it failed\\nTraceback" in line
        assert line.endswith("ValueError: line one\\nline two\\u2028line three")

    def test_a_terminal_gets_marked_traceback_lines(self, start: Any) -> None:
        stream = start(stream=Terminal())
        failing()
        first, *others = lines(stream)
        assert first.endswith("it failed")
        assert others
        assert all(line.startswith("    | ") and line.isprintable() for line in others)


class TestJson:
    def test_a_line_is_an_object(self, start: Any) -> None:
        stream = start("json")
        token = logs.request_id.set("r-2")
        logging.getLogger("chatapp.auth").warning("refused %s", "ada", extra={"ip": "10.0.0.1"})
        logs.request_id.reset(token)
        (line,) = lines(stream)
        event = json.loads(line)
        assert re.fullmatch(STAMP, event.pop("time"))
        assert event == {
            "level": "WARNING",
            "logger": "chatapp.auth",
            "request_id": "r-2",
            "message": "refused ada",
            "ip": "10.0.0.1",
        }

    @pytest.mark.parametrize("nasty", NASTY)
    def test_nothing_forges_a_line(self, start: Any, nasty: str) -> None:
        stream = start("json")
        logging.getLogger("chatapp").info("hello %s", nasty, extra={"agent": nasty})
        (line,) = lines(stream)
        assert line.isascii()
        assert line.isprintable()
        assert json.loads(line)["message"] == f"hello {nasty}"

    def test_a_traceback_is_a_field(self, start: Any) -> None:
        stream = start("json")
        failing()
        (line,) = lines(stream)
        assert "ValueError: line one\nline two" in json.loads(line)["exc_info"]


class TestLevels:
    @pytest.mark.parametrize(
        ("level", "seen"), [("debug", "dbug info warn"), ("info", "info warn"), ("warning", "warn")]
    )
    def test_levels(self, start: Any, level: str, seen: str) -> None:
        stream = start(log_level=level)
        logger = logging.getLogger("chatapp")
        logger.debug("dbug")
        logger.info("info")
        logger.warning("warn")
        assert [line.split()[-1] for line in lines(stream)] == seen.split()

    def test_libraries_are_quiet_and_install_nothing(self, start: Any) -> None:
        stream = start(log_level="debug")
        for name in ("engineio.server", "socketio.server", "alembic", "werkzeug"):
            logging.getLogger(name).info("noise")
        assert stream.getvalue() == ""
        import socketio

        socketio.Server(async_mode="threading")
        for name in ("engineio.server", "socketio.server"):
            assert logging.getLogger(name).handlers == []

    def test_known_deprecations_are_silent(self, start: Any) -> None:
        stream = start()
        logging.getLogger("gunicorn.error").warning(
            "The eventlet worker is DEPRECATED and will be removed in Gunicorn 26.0. Please migrate"
        )
        warnings.warn("\nEventlet is deprecated. It is …", Warning, stacklevel=1)
        assert stream.getvalue() == ""

    def test_other_warnings_are_logged(self, start: Any) -> None:
        stream = start()
        warnings.simplefilter("always")
        logs.silence_eventlet()
        warnings.warn("look\nout", UserWarning, stacklevel=1)
        (line,) = lines(stream)
        assert "WARNING py.warnings" in line.replace("  ", " ")

    def test_configuring_again_replaces_only_its_own_handler(self, start: Any) -> None:
        other = logging.NullHandler()
        root = logging.getLogger()
        root.addHandler(other)
        start()
        stream = start("json")
        assert other in root.handlers
        logging.getLogger("chatapp").info("once")
        assert len(lines(stream)) == 1
