"""What the tests here share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from chatapp.core.db import now
from chatapp.security import attempt_counters
from tests.support.world import Person, register


@dataclass
class Clock:
    """Time that passes when told to, for what is counted."""

    passed: timedelta = timedelta()

    def now(self) -> datetime:
        return now() + self.passed

    def wait(self, seconds: float) -> None:
        self.passed += timedelta(seconds=seconds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(attempt_counters, "now", clock.now)
    return clock


@pytest.fixture
def ada(app) -> Person:
    return register(app, "Ada")


@pytest.fixture
def limited(app) -> Iterator[None]:
    app.extensions["rate_limiter"].configure(True)
    yield
    app.extensions["rate_limiter"].configure(False)
