"""Chromium, and people in it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from typing import Any

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.support.browser_person import BrowserPerson, NewPerson
from tests.support.process import TOP
from tests.support.server import LiveServer
from tests.support.waiting import Site

PATIENCE = 30_000  # milliseconds; only a failing test ever waits this long
#: The headless shell first: it opens no window for a profile, which costs half of the time.
PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


FONTS = TOP / "tests/support/fonts"
FONT_CONFIG = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{folder}</dir><cachedir>{cache}</cachedir></fontconfig>
"""


@pytest.fixture(scope="session")
def browser_with(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Browser]]:
    """The system's Chromium, headless, with one of the font families in tests/support/fonts.

    Fontconfig finds no other fonts, so that layouts don't depend on the machine's.
    """
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        pytest.fail("Chromium isn't on PATH; the browser tests need it (apt-get install chromium)")
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright, ExitStack() as stack:

        @cache
        def launch(font: str) -> Browser:
            folder = tmp_path_factory.mktemp(f"font-{font}")
            config = folder / "fonts.conf"
            config.write_text(
                FONT_CONFIG.format(folder=FONTS / font, cache=folder / "cache"), encoding="utf-8"
            )
            environment = {**os.environ, "FONTCONFIG_FILE": str(config)}
            chromium = playwright.chromium.launch(
                executable_path=program, args=list(FLAGS), env=environment
            )
            stack.callback(chromium.close)
            return chromium

        yield launch


@pytest.fixture
def font(request: pytest.FixtureRequest) -> str:
    """The font family of the browser: `wide`, unless the test asks for `narrow`."""
    return getattr(request, "param", "wide")


@pytest.fixture
def browser(browser_with: Callable[[str], Browser], font: str) -> Browser:
    """Chromium with this test's font family."""
    return browser_with(font)


@pytest.fixture
def new_person(browser: Browser, server: LiveServer) -> Iterator[NewPerson]:
    """`new_person("Ada")` is signed in, in a profile of their own.

    `site=` names another server than the shared one, `by_form=True` registers by the page,
    `javascript=False` switches scripts off; any other argument is the profile's (viewport=…,
    color_scheme=…). Afterwards every page must have been without an error in its console and
    without a request to another host.
    """
    people: list[BrowserPerson] = []

    def make(
        name: str,
        *,
        site: Site = server,
        by_form: bool = False,
        javascript: bool = True,
        **profile: Any,
    ) -> BrowserPerson:
        # With motion, a busy machine makes Chromium give a page transition up and call it an error.
        profile = {"reduced_motion": "reduce", **profile}
        context = browser.new_context(base_url=site.url, java_script_enabled=javascript, **profile)
        context.set_default_timeout(PATIENCE)
        person = BrowserPerson(context, name, site, javascript=javascript)
        people.append(person)
        if by_form:
            person.register()
        else:
            person.arrive()
        return person

    yield make
    for person in people:
        person.context.close()
    for person in people:
        assert person.complaints == [], f"{person.name}'s browser complains"
