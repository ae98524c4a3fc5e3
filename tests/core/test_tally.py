"""Floods of one kind of failure leave few lines."""

from __future__ import annotations

import logging

import pytest

from chatapp.core import clock as clocks
from chatapp.core import tally


def test_a_line_an_interval_says_how_many(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [100.0]
    monkeypatch.setattr(clocks.time, "monotonic", lambda: clock[0])
    failures = tally.Tally(logging.getLogger("tests.tally"), "it failed")
    for number in range(5):
        failures.add(number)
    clock[0] += 1
    failures.add("last")
    assert [record.getMessage() for record in caplog.records] == [
        "it failed: 0 (1 since the last line)",
        "it failed: last (5 since the last line)",
    ]


def test_a_librarys_lines_of_one_kind_pass_once_an_interval(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = [100.0]
    monkeypatch.setattr(clocks.time, "monotonic", lambda: clock[0])
    once = tally.OncePerInterval("Invalid")

    def passes(text: str) -> bool:
        return once.filter(logging.LogRecord("x", logging.WARNING, "", 0, text, (), None))

    assert [passes("Invalid one"), passes("Invalid two"), passes("else")] == [True, False, True]
    clock[0] += 1
    assert passes("Invalid three")
