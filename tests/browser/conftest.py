"""Chromium, and people in it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.support.browser_person import BrowserPerson, NewPerson
from tests.support.server import LiveServer
from tests.support.waiting import Site

PATIENCE = 30_000  # milliseconds; only a failing test ever waits this long
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


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium, headless."""
    names = ("chromium", "chromium-browser", "google-chrome")
    program = next(filter(None, map(shutil.which, names)), None)
    if program is None:
        pytest.fail("Chromium isn't on PATH; the browser tests need it (apt-get install chromium)")
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        yield chromium
        chromium.close()


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
