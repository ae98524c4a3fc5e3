"""Waiting for something to be so, instead of sleeping and hoping."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from typing import Protocol, TypeVar

T = TypeVar("T")
PATIENCE = 90.0  # seconds; only a failing test ever waits this long


def at_most(seconds: float) -> float:
    """Seconds in which what is promised must have happened: more where the machine is busy."""
    return seconds * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


class Site(Protocol):
    """Where people go: anything with an address."""

    url: str


def wait_until(
    probe: Callable[[], T],
    what: str,
    *,
    timeout: float = PATIENCE,
    details: Callable[[], object] | None = None,
) -> T:
    """The first true answer of `probe`; an AssertionError that says `what` when none comes."""
    end = time.monotonic() + timeout
    pause = 0.005
    while True:
        answer = probe()
        if answer:
            return answer
        if time.monotonic() > end:
            told = f"\n{details()}" if details else ""
            raise AssertionError(f"not within {timeout:g} s: {what}{told}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
