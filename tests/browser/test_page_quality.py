"""What every page keeps to: readable for everyone, light to load, still while it loads."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from itertools import product

import pytest
from playwright.sync_api import Browser

from tests.support.browser_looks import (
    NARROW,
    WATCH_SHIFTS,
    WIDE,
    in_both_fonts,
    in_every_look,
    overflows,
    violations,
)
from tests.support.browser_person import BrowserPerson, NewPerson
from tests.support.people import Person
from tests.support.server import LiveServer
from tests.support.waiting import wait_until

pytestmark = pytest.mark.browser

ZOOMED = {"width": 320, "height": 256}  # 1280 × 1024 at 400 %

SETTINGS = (
    "/settings/profile",
    "/settings/appearance",
    "/settings/privacy",
    "/settings/account",
    "/settings/sessions",
    "/settings/data",
    "/verify",
)
LINKS = ("/forgot", "/forgot?sent=1", "/reset?token=no", "/verify?token=no")
SAID = (
    "Morning! Is the hall ours on Saturday?",
    "It is. Twelve tables, and both doors stay open",
    "🎉",
    "https://hall.example.org/plans/" + "a-name-without-any-space" * 6,
    "صباح الخير! هل ما زال موعدنا يوم الخميس؟",
    "First line\n    second line, indented\nthird line",
)
AS_INTL_SAYS = """(times) => {
  const clock = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
  return times.map((time) => clock.format(new Date(time.dateTime)));
}"""


def with_history(person: BrowserPerson, server: LiveServer, count: int = 60) -> int:
    """A conversation in which both have written, the last six unread; its id."""
    ben = Person(server, "Ben")
    person.page.goto("/people?q=" + ben.username)
    person.page.get_by_role("button", name="Message").click()
    person.page.wait_for_url("**/chats/*")
    conversation_id = int(person.page.url.rpartition("/")[2])
    for number in range(count):
        ben.says(conversation_id, SAID[number % len(SAID)])
        if number % 8 == 0:
            person.say(f"Yes, and {number}")
    person.page.goto("/chats")
    for text in SAID:
        ben.says(conversation_id, text)
    return conversation_id


@in_every_look
def test_every_page_is_accessible_and_fits(
    server: LiveServer, new_person: NewPerson, mode: str, size: dict[str, int]
) -> None:
    ada = new_person("Ada", viewport=size, color_scheme=mode)
    ada.page.goto("/chats")
    assert violations(ada.page) == [], "no conversations yet"
    conversation_id = with_history(ada, server)
    paths = ["/chats", f"/chats/{conversation_id}", f"/chats/{conversation_id}?before=30"]
    ben = ada.known_as.get(f"/api/chat/{conversation_id}")["participants"][1]["id"]
    people = ["/people", "/people?q=nobody-is-called-this", "/contacts", f"/people/{ben}"]
    for path in [*paths, *people, f"/people/{ada.known_as.id}", *SETTINGS]:
        ada.page.goto(path)
        assert violations(ada.page) == [], path
        assert not overflows(ada.page), path

    ada.page.goto("/chats")
    ada.page.locator("summary").first.click()
    assert violations(ada.page) == [], "the open menu"
    ada.page.get_by_role("button", name="Log out").click()
    ada.page.wait_for_url(server.url + "/")
    ada.expect_failed_requests()  # 401, 404 and 422 are answers here
    for path in ("/", "/login", "/register", "/nothing-is-here", *LINKS):
        ada.page.goto(path)
        assert violations(ada.page) == [], path
        assert not overflows(ada.page), path
    ada.page.goto("/login")
    ada.page.get_by_label("Email or username").fill("nobody")
    ada.page.get_by_label("Password").fill("not the password")
    ada.page.get_by_role("button", name="Log in").click()
    ada.page.get_by_role("alert").wait_for()
    assert violations(ada.page) == [], "a refused log-in"


def test_the_pages_of_administration_are_accessible_and_fit(
    new_server: Callable[..., LiveServer], new_person: NewPerson
) -> None:
    """From the first page of a new server on, in both modes and sizes."""
    server = new_server()
    ada = new_person("Ada", site=server)
    Person(server, "Ben")

    def look(*paths: str) -> None:
        for path, size in product(paths, (WIDE, NARROW)):
            ada.page.set_viewport_size(size)
            ada.page.emulate_media(color_scheme="light")
            ada.page.goto(path)
            assert violations(ada.page) == [], (path, size)
            assert not overflows(ada.page), (path, size)
            ada.page.emulate_media(color_scheme="dark")
            ada.page.goto(path)
            assert violations(ada.page, "color-contrast") == [], (path, size, "dark")

    look("/setup")
    server.flask("user", "staff", ada.username)
    look("/admin/people", "/admin/people?q=nobody-is-called-this", "/admin/invitations")
    ada.page.get_by_role("button", name="Create link").click()
    ada.page.get_by_text("Your invitation link").wait_for()
    assert violations(ada.page) == [], "a new link"
    look("/admin/invitations", "/settings/privacy")


@in_both_fonts
def test_at_400_percent_nothing_needs_scrolling_sideways(
    server: LiveServer, new_person: NewPerson
) -> None:
    ada = new_person("Ada", viewport=ZOOMED)
    conversation_id = with_history(ada, server, 12)
    for path in ("/chats", f"/chats/{conversation_id}", "/people", "/contacts", *SETTINGS):
        ada.page.set_viewport_size(ZOOMED)
        ada.page.goto(path)
        assert not overflows(ada.page), path
        ada.page.set_viewport_size({**ZOOMED, "width": 280})  # wider letters have room too
        assert not overflows(ada.page), path
    ada.page.set_viewport_size(ZOOMED)
    ada.go(conversation_id)
    ada.say("still room to write")
    ada.messages.get_by_text("still room to write").wait_for()


def test_the_browser_has_the_fonts_of_the_tests_only(
    browser_with: Callable[[str], Browser], server: LiveServer
) -> None:
    """Otherwise FONTCONFIG_FILE is ignored, and layouts depend on the machine's fonts."""
    widths = []
    for font in ("narrow", "wide"):
        page = browser_with(font).new_page()
        page.goto(server.url)
        page.set_content("<span style='font: 16px serif'>The quick brown fox</span>")
        widths.append(page.locator("span").bounding_box()["width"])
        page.close()
    assert widths == pytest.approx([122, 162], abs=8)


def test_the_page_stands_still_in_any_zone(server: LiveServer, new_person: NewPerson) -> None:
    """Days, times and the place to open at are the reader's before the first paint."""
    ada = new_person("Ada", viewport=WIDE, timezone_id="Asia/Kolkata", locale="en-US")
    ada.page.add_init_script(WATCH_SHIFTS)
    conversation_id = with_history(ada, server)
    for path in ("/chats", f"/chats/{conversation_id}"):
        ada.page.goto(path)
        ada.page.wait_for_timeout(800)
        assert ada.page.evaluate("shifted") < 0.02, path
    assert ada.page.locator(".divider--new").count() == 1
    ada.page.locator(".divider--new").wait_for()
    assert "M" in ada.messages.last.locator("time").inner_text(), "12-hour clock, as en-US has it"
    assert ada.page.locator(".divider--day").last.inner_text() == "Today"


def test_the_clock_needs_no_intl_on_the_next_page(
    server: LiveServer, new_person: NewPerson
) -> None:
    """It takes its time to wake up, before the first paint."""
    ada = new_person("Ada", locale="fa-IR", timezone_id="Asia/Tehran")
    conversation_id = with_history(ada, server, 1)
    ada.go(conversation_id)
    times = ada.messages.locator("time")
    expected = times.evaluate_all(AS_INTL_SAYS)
    assert not expected[0].isascii(), "in the reader's digits"
    assert times.all_inner_texts() == expected
    wait_until(lambda: ada.page.evaluate("localStorage.getItem('clock')"), "the clock is kept")
    ada.page.add_init_script("Intl.DateTimeFormat = class { format = () => 'asked' }")
    ada.go(conversation_id)
    assert times.all_inner_texts() == expected


def test_a_conversation_stays_within_its_budget(server: LiveServer, new_person: NewPerson) -> None:
    """50 KB of scripts, styles and a theme's, 25 KB of HTML with 40 messages, compressed."""
    ada = new_person("Ada")
    ada.known_as.rest("PATCH", "/api/users/me", json={"theme": "plain", "theme_color": "#ffff00"})
    conversation_id = with_history(ada, server)
    loaded: dict[str, bytes] = {}
    ada.page.on("requestfinished", lambda request: loaded.setdefault(request.url, b""))
    ada.page.goto(f"/chats/{conversation_id}", wait_until="networkidle")
    assert ada.messages.count() >= 40

    def compressed(url: str) -> int:
        return len(gzip.compress(ada.context.request.get(url).body()))

    assets = [url for url in loaded if url.endswith((".js", ".css"))]
    assert len(assets) > 20
    assert sum(url.endswith(".css") for url in assets) == 2
    assert sum(map(compressed, assets)) <= 50 * 1024
    assert compressed(ada.page.url) <= 25 * 1024


def test_history_comes_in_without_moving_what_is_read(
    server: LiveServer, new_person: NewPerson
) -> None:
    ada = new_person("Ada", viewport=WIDE)
    conversation_id = with_history(ada, server)
    ada.go(conversation_id)
    first = ada.messages.first
    seq = first.get_attribute("data-seq")
    row = ada.page.locator(f'[data-seq="{seq}"]')
    row.evaluate("row => row.scrollIntoView({block: 'start'})")
    before = row.bounding_box()
    ada.messages.nth(60).wait_for(state="attached")
    after = row.bounding_box()
    assert before is not None
    assert after is not None
    assert abs(after["y"] - before["y"]) <= 2


def test_what_comes_in_while_one_reads_above_is_offered(
    server: LiveServer, new_person: NewPerson
) -> None:
    ada = new_person("Ada", viewport=WIDE)
    ben = new_person("Ben")
    with_ben = ben.find(ada)
    ada.go(with_ben)
    for number in range(30):
        ben.say(f"line {number}")
    ada.messages.nth(29).wait_for()
    ada.page.mouse.move(800, 400)
    ada.page.mouse.wheel(0, -600)
    ada.page.locator("#jump", has_text="Newest").wait_for()
    for number in range(3):
        ben.say(f"news {number}")
    ada.page.get_by_role("link", name="3 new").click()
    ada.page.locator("#jump").wait_for(state="hidden")
    assert ada.texts.last.inner_text() == "news 2"
