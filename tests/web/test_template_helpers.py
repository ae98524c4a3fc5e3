"""The helpers that templates and scripts both have give the same answers.

`tests/node/test_parity.py` runs the same cases with the scripts' functions.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from chatapp.web import template_helpers, time_filters

CASES: dict[str, list[list[Any]]] = json.loads(
    (Path(__file__).parents[1] / "support/parity_cases.json").read_text(encoding="utf-8")
)


def short_time(pair: list[str]) -> str:
    time, now = pair
    return time_filters.short_time(time, datetime.fromisoformat(now))


@pytest.mark.parametrize("name", CASES)
def test_the_helper_answers_each_case(name: str) -> None:
    helper: Callable[[Any], Any] = (
        short_time if name == "short_time" else getattr(template_helpers, name)
    )
    for given, expected in CASES[name]:
        assert helper(given) == expected, given
