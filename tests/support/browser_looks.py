"""The sizes and colours that pages are looked at in, and what is found there."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.support.process import TOP

AXE = Path(TOP) / "tests/node/node_modules/axe-core/axe.min.js"
WIDE = {"width": 1280, "height": 800}
NARROW = {"width": 390, "height": 844}

#: An init script: `shifted` adds up how far things on the page moved by themselves.
WATCH_SHIFTS = """
window.shifted = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifted += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""

#: `size`, `mode` and `font`. Two of the combinations meet each of them; `make test-long` adds more.
in_every_look = pytest.mark.parametrize(
    ("size", "mode", "font"),
    [
        pytest.param(WIDE, "light", "narrow", id="wide-light"),
        pytest.param(NARROW, "dark", "wide", id="narrow-dark"),
        pytest.param(WIDE, "dark", "wide", id="wide-dark", marks=pytest.mark.long),
        pytest.param(NARROW, "light", "narrow", id="narrow-light", marks=pytest.mark.long),
    ],
    indirect=["font"],
)
in_both_fonts = pytest.mark.parametrize("font", ["narrow", "wide"], indirect=True)


def violations(page: Page, *rules: str) -> list[str]:
    """Return what axe finds on the page as it stands, by all its rules or by these alone."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    options = {"resultTypes": ["violations"], "reporter": "no-passes"}
    found = page.evaluate("axe.run", {**options, "runOnly": list(rules)} if rules else options)
    return [f"{v['id']}: {node['html'][:200]}" for v in found["violations"] for node in v["nodes"]]


def overflows(page: Page) -> bool:
    """Whether the page is wider than its window."""
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))
