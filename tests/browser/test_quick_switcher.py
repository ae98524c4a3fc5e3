"""Ctrl+K: to a conversation or a person without leaving the keyboard."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.support.browser_looks import in_every_look, overflows, violations
from tests.support.browser_person import BrowserPerson, NewPerson
from tests.support.people import Person
from tests.support.server import LiveServer

pytestmark = pytest.mark.browser


def chosen(person: BrowserPerson, name: str) -> None:
    """The entry that Enter opens, as a screen reader is told."""
    field = person.page.get_by_role("combobox")
    option = person.page.get_by_role("option", selected=True)
    expect(option).to_contain_text(name)
    assert field.get_attribute("aria-activedescendant") == option.get_attribute("id")


@in_every_look
def test_jumping_by_some_letters(
    server: LiveServer, new_person: NewPerson, mode: str, size: dict[str, int]
) -> None:
    bob = new_person("Bob", viewport=size, color_scheme=mode)
    alice, carol, stranger = (Person(server, name) for name in ("Alice", "Carol", "Ursula"))
    with_alice, with_carol = alice.opens(bob.known_as), carol.opens(bob.known_as)
    alice.says(with_alice, "hello")
    body = {"name": "Old crew", "members": [alice.id]}
    archived = bob.known_as.rest("POST", "/api/groups", json=body).json()["conversation_id"]
    path = f"/api/chat/{archived}/preferences"
    bob.known_as.rest("PATCH", path, json={"archived": True})

    bob.go(with_carol)
    bob.composer.fill("half a thou")
    bob.page.keyboard.press("Control+k")
    field = bob.page.get_by_role("combobox")
    options = bob.page.get_by_role("option")
    expect(field).to_be_focused()
    expect(options).to_have_count(2)
    chosen(bob, "Alice")
    bob.page.keyboard.press("ArrowDown")
    chosen(bob, "Carol")
    bob.page.keyboard.press("ArrowDown")
    chosen(bob, "Alice")
    bob.page.keyboard.press("ArrowUp")
    chosen(bob, "Carol")
    assert violations(bob.page) == []
    assert not overflows(bob.page)
    bob.page.keyboard.press("Escape")
    expect(field).to_have_count(0)
    expect(bob.composer).to_be_focused()

    bob.page.keyboard.press("Control+k")
    field.fill("nobody is called this")
    expect(bob.page.get_by_text("No results for")).to_be_visible()
    assert violations(bob.page) == []
    field.fill("old cr")
    chosen(bob, "Old crew")
    expect(options).to_have_count(1)
    field.fill("ALI")
    chosen(bob, "Alice")
    bob.page.keyboard.press("Enter")
    expect(bob.page).to_have_url(re.compile(rf"/chats/{with_alice}$"))

    bob._ready()
    bob.page.keyboard.press("Control+k")
    field.fill(stranger.username)
    chosen(bob, "Ursula")
    bob.page.keyboard.press("Enter")
    expect(bob.page.get_by_role("heading", name="Ursula")).to_be_visible()
    bob._ready()
    bob.page.keyboard.press("Control+k")
    expect(options).to_have_count(3)
    options.filter(has_text="Carol").click()
    expect(bob.composer).to_have_value("half a thou")
