"""Notes on the desktop: what they tell of, that one page tells, and what the settings say."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser_looks import WIDE, in_every_look, overflows, violations
from tests.support.browser_person import BrowserPerson, NewPerson
from tests.support.people import Person
from tests.support.server import LiveServer
from tests.support.waiting import wait_until

pytestmark = pytest.mark.browser

# What the desktop would show; whether somebody looks at a page is for the test to say.
RECORD = """
window.notes = [];
window.Notification = class extends EventTarget {
  static permission = localStorage.getItem("test:permission") ?? "default";
  static async requestPermission() {
    this.permission = localStorage.getItem("test:answer") ?? "granted";
    localStorage.setItem("test:permission", this.permission);
    return this.permission;
  }
  constructor(title, { body }) {
    super();
    window.notes.push(`${title}: ${body}`);
    window.note = this;
  }
  close() {}
};
window.away = false;
Object.defineProperty(document, "hidden", { get: () => window.away });
"""


def notes(page: Page) -> list[str]:
    found: list[str] = page.evaluate("notes")
    return found


def look_away(page: Page, away: bool = True) -> None:
    page.evaluate(
        "(away) => { window.away = away; document.dispatchEvent(new Event('visibilitychange')) }",
        away,
    )


def turn_on(person: BrowserPerson) -> None:
    person.page.goto("/settings/notifications")
    person.page.get_by_role("button", name="Turn on").click()
    expect(person.page.get_by_text("Notifications are on in this browser")).to_be_visible()


def open_chats(page: Page) -> None:
    """Live, with what tells loaded."""
    told, listed = "**/desktop_notifications.js", "**/chats/sidebar*"
    with page.expect_response(told), page.expect_response(listed):
        page.goto("/chats")


def test_a_note_for_what_one_wants_to_be_told_of(server: LiveServer, new_person: NewPerson) -> None:
    bob = new_person("Bob", viewport=WIDE)
    bob.context.add_init_script(RECORD)
    alice = Person(server, "Alice")
    with_alice = alice.opens(bob.known_as)
    body = {"name": "Crew", "members": [alice.id]}
    crew = bob.known_as.rest("POST", "/api/groups", json=body).json()["conversation_id"]
    path = f"/api/chat/{with_alice}/preferences"
    own, name = bob.known_as, bob.known_as.username

    bob.page.goto("/chats")
    assert not bob.page.evaluate(
        "performance.getEntries().some(({name}) => name.includes('desktop_notifications'))"
    )
    turn_on(bob)
    assert notes(bob.page) == ["Notifications are on: New messages will look like this."]

    open_chats(bob.page)
    alice.says(with_alice, "you see this")
    expect(bob.entry(with_alice)).to_contain_text("you see this")
    look_away(bob.page)
    alice.says(with_alice, "with **marks**")
    alice.says(crew, "in a group")
    wanted = ["Alice: with marks", "Alice in Crew: in a group"]
    wait_until(
        lambda: sorted(notes(bob.page)) == sorted(wanted),
        "both are told of",
        details=lambda: notes(bob.page),
    )

    own.rest("PATCH", path, json={"muted_until": "9999-01-01T00:00:00Z"})
    expect(bob.entry(with_alice)).to_have_attribute("data-silent", re.compile("9999"))
    own.says(crew, "from oneself, elsewhere")
    alice.says(with_alice, "muted")
    expect(bob.entry(with_alice)).to_contain_text("muted")
    alice.says(crew, "and on")
    wanted.append("Alice in Crew: and on")
    wait_until(lambda: sorted(notes(bob.page)) == sorted(wanted), "what isn't muted is told of")

    own.rest("PATCH", path, json={"muted_until": None})
    own.rest("PATCH", "/api/users/me", json={"notify": "mentions"})
    look_away(bob.page)
    alice.says(crew, "nobody is named")
    alice.says(crew, f"but you are, @{name}")
    wanted.append("Alice in Crew: but you are, @Bob")
    wait_until(lambda: sorted(notes(bob.page)) == sorted(wanted), "mentions alone are told of")

    bob.page.evaluate("note.dispatchEvent(new Event('click'))")
    expect(bob.page).to_have_url(re.compile(rf"/chats/{crew}$"))


def test_of_several_pages_one_tells_and_none_while_one_is_looked_at(
    server: LiveServer, new_person: NewPerson
) -> None:
    bob = new_person("Bob", viewport=WIDE)
    bob.context.add_init_script(RECORD)
    alice = Person(server, "Alice")
    with_alice = alice.opens(bob.known_as)
    turn_on(bob)
    pages = [bob.page, bob.open_page(), bob.open_page()]
    for page in pages:
        open_chats(page)
        look_away(page)

    def told() -> list[str]:
        return sorted(note for page in pages for note in notes(page))

    alice.says(with_alice, "one")
    wait_until(lambda: told() == ["Alice: one"], "one page tells")
    look_away(pages[1], False)
    alice.says(with_alice, "two")
    entry = f'#conversations [data-conversation="{with_alice}"]'
    for page in pages:
        expect(page.locator(entry)).to_contain_text("two")
    look_away(pages[1])
    alice.says(with_alice, "three")
    wait_until(lambda: told() == ["Alice: one", "Alice: three"], "nothing was told of the second")


@in_every_look
def test_the_settings_say_what_holds(
    server: LiveServer, new_person: NewPerson, mode: str, size: dict[str, int]
) -> None:
    bob = new_person("Bob", viewport=size, color_scheme=mode)
    bob.context.add_init_script(RECORD)
    alice = Person(server, "Alice")
    with_alice = alice.opens(bob.known_as)
    muted = {"muted_until": "9999-01-01T00:00:00Z", "notify": "mentions"}
    bob.known_as.rest("PATCH", f"/api/chat/{with_alice}/preferences", json=muted)

    bob.page.goto("/settings/notifications")
    assert violations(bob.page) == []
    assert not overflows(bob.page)
    expect(bob.page.get_by_text("Mentions only · Muted until you unmute it")).to_be_visible()
    bob.page.get_by_role("button", name="Reset for Alice").click()
    expect(bob.page.get_by_text("No conversations are muted")).to_be_visible()
    bob.page.get_by_label("Mentions only").check()
    bob.page.get_by_role("button", name="Save").click()
    expect(bob.page.get_by_text("Saved.")).to_be_visible()
    expect(bob.page.get_by_label("Mentions only")).to_be_checked()
    assert bob.known_as.get("/api/users/me")["notify"] == "mentions"

    bob.page.get_by_role("button", name="Turn on").click()
    bob.page.get_by_role("button", name="Turn off").click()
    expect(bob.page.get_by_text("Notifications are off.")).to_be_visible()
    bob.page.evaluate("localStorage.setItem('test:permission', 'denied')")
    bob.page.reload()
    expect(bob.page.get_by_text("Notifications are blocked")).to_be_visible()
    assert bob.page.get_by_role("button", name="Turn on").count() == 0
