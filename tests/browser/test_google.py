"""Signing in through a real OpenID provider, in a real browser.

Forged answers, which a real provider doesn't give: tests/auth/oidc/test_forged_answers.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.support.browser_looks import in_every_look, overflows, violations
from tests.support.people import PASSWORD, Person
from tests.support.real_provider import RealProvider
from tests.support.server import LiveServer

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def provider() -> Iterator[RealProvider]:
    provider = RealProvider()
    yield provider
    provider.stop()


@pytest.fixture(scope="module")
def site(new_server: Callable[..., LiveServer], provider: RealProvider) -> Iterator[LiveServer]:
    """A server that offers the provider."""
    site = new_server(**provider.settings)
    provider.start(site.url)
    yield site
    accident = site.log().find("Traceback")
    assert accident < 0, site.log()[accident - 500 : accident + 3000]
    site.stop()


@pytest.fixture(params=[True, False], ids=["scripts", "no scripts"])
def context(
    request: pytest.FixtureRequest, browser: Browser, site: LiveServer
) -> Iterator[BrowserContext]:
    context = browser.new_context(base_url=site.url, java_script_enabled=request.param)
    yield context
    context.close()


def agree_as(page: Page, name: str) -> None:
    """Sign in at the provider, and agree to what is asked."""
    page.get_by_placeholder("Enter any login").fill(name)
    page.get_by_placeholder("and password").fill("any")
    page.get_by_role("button", name="Sign-in").click()
    page.get_by_role("button", name="Continue").click()


def sign_in(page: Page, name: str, start: str = "/login") -> None:
    page.goto(start)
    page.get_by_role("link", name="Continue with Google").click()
    agree_as(page, name)


def me(page: Page) -> dict[str, str]:
    answer = page.request.get("/api/users/me")
    assert answer.status == 200, answer.text()
    found: dict[str, str] = answer.json()
    return found


def test_first_time_and_again(context: BrowserContext, request: pytest.FixtureRequest) -> None:
    name = f"grace{len(request.node.name)}"
    page = context.new_page()
    sign_in(page, name, "/register")
    expect(page).to_have_url(re.compile(r"/chats$"))
    made = me(page)
    assert made["email"] == f"{name}@example.org"
    assert made["name"] == f"{name.capitalize()} of the provider"
    assert made["profile_picture"] == f"https://pictures.example/{name}.png"

    page.goto("/settings/account")
    expect(page.get_by_text("This is your only way to log in")).to_be_visible()

    context.clear_cookies()
    sign_in(page, name, "/login?next=/people")
    expect(page).to_have_url(re.compile(r"/people$"))
    assert me(page)["id"] == made["id"]


def test_an_account_with_a_password_is_linked_once_it_is_confirmed(
    context: BrowserContext, site: LiveServer
) -> None:
    person = Person(site, "Ada")
    page = context.new_page()
    sign_in(page, person.username)
    expect(page.get_by_role("heading", name="Is this you?")).to_be_visible()
    page.get_by_label("Your chatapp password").fill("not the password")
    page.get_by_role("button", name="Connect and log in").click()
    expect(page.get_by_role("alert")).to_have_text("That password is incorrect.")
    page.get_by_label("Your chatapp password").fill(PASSWORD)
    page.get_by_role("button", name="Connect and log in").click()
    expect(page).to_have_url(re.compile(r"/chats$"))
    assert me(page)["id"] == person.id

    context.clear_cookies()
    sign_in(page, person.username)
    expect(page).to_have_url(re.compile(r"/chats$"))
    assert me(page)["id"] == person.id


def test_connect_and_disconnect(context: BrowserContext, site: LiveServer) -> None:
    person = Person(site, "Ada")
    page = context.new_page()
    page.goto("/login?next=/settings/account")
    page.get_by_label("Email or username").fill(person.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("link", name="Connect Google account").click()
    agree_as(page, f"other-{person.username}")
    page.get_by_label("Your chatapp password").fill(PASSWORD)
    page.get_by_role("button", name="Connect").click()
    expect(page.get_by_role("status").first).to_contain_text("Connected.")
    expect(page.get_by_text(f"other-{person.username}@example.org")).to_be_visible()

    page.get_by_role("button", name="Disconnect").click()
    expect(page.get_by_role("status").first).to_contain_text("Disconnected.")
    expect(page.get_by_role("button", name="Disconnect")).to_have_count(0)


def test_an_unverified_address(context: BrowserContext, site: LiveServer) -> None:
    page = context.new_page()
    sign_in(page, "unverified-eve")
    expect(page.get_by_role("alert")).to_contain_text("hasn't verified your email address")
    assert page.request.get("/api/users/me").status == 401


def test_whoever_turns_back_at_the_provider(context: BrowserContext, site: LiveServer) -> None:
    page = context.new_page()
    page.goto("/login")
    page.get_by_role("link", name="Continue with Google").click()
    page.get_by_role("link", name="Cancel").click()
    expect(page.get_by_role("alert")).to_contain_text("nothing has changed")
    expect(page.get_by_label("Password")).to_be_visible()


@in_every_look
def test_its_pages_are_accessible_and_fit(
    browser: Browser, site: LiveServer, mode: str, size: dict[str, int]
) -> None:
    context = browser.new_context(base_url=site.url, viewport=size, color_scheme=mode)
    person = Person(site, "Ada")
    page = context.new_page()
    for path in ("/login", "/register"):
        page.goto(path)
        assert violations(page) == [], path
        assert not overflows(page), path
    sign_in(page, person.username)
    expect(page.get_by_role("heading", name="Is this you?")).to_be_visible()
    assert violations(page) == []
    assert not overflows(page)
    page.get_by_label("Your chatapp password").fill(PASSWORD)
    page.get_by_role("button", name="Connect and log in").click()
    page.goto("/settings/account")
    assert violations(page) == []
    assert not overflows(page)
    context.close()


def test_while_it_is_down_people_log_in_otherwise(
    browser: Browser, site: LiveServer, provider: RealProvider
) -> None:
    """Last here, and on a server that never saw the provider."""
    context = browser.new_context(base_url=site.url)
    page = context.new_page()
    page.goto("/login")
    page.get_by_role("link", name="Continue with Google").click()
    page.get_by_placeholder("Enter any login").fill("late")
    provider.stop()
    site.restart()
    page.goto("/auth/google")
    expect(page.get_by_role("alert")).to_contain_text("isn't answering")
    expect(page.get_by_label("Password")).to_be_visible()
    provider.start(site.url)
    sign_in(page, "late")
    expect(page).to_have_url(re.compile(r"/chats$"))
    context.close()
