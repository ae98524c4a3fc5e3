"""The list of conversations: pins, mutes, archive and filters, live and without a script."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.support.browser_looks import WIDE, in_every_look, overflows, violations
from tests.support.browser_person import BrowserPerson, NewPerson
from tests.support.people import Person
from tests.support.server import LiveServer

pytestmark = pytest.mark.browser


def entries(person: BrowserPerson) -> Locator:
    return person.page.locator("#conversations [data-conversation]")


def listed(person: BrowserPerson, *ids: int) -> None:
    """Exactly these conversations, in this order."""
    expect(entries(person)).to_have_count(len(ids))
    for place, id_ in enumerate(ids):
        entry = entries(person).nth(place)
        expect(entry).to_have_attribute("data-conversation", str(id_))


def press(person: BrowserPerson, *buttons: str) -> None:
    """In the menu of the open conversation."""
    person.page.get_by_role("button", name="Mute, pin, archive").click()
    for words in buttons:
        person.page.locator("#preferences").get_by_text(words, exact=True).click()


def titled(person: BrowserPerson, number: int) -> None:
    shown = re.compile(rf"^\({number}\) " if number else r"^[^(]")
    expect(person.page).to_have_title(shown)


def test_pinned_muted_and_archived_while_others_write(
    server: LiveServer, new_person: NewPerson
) -> None:
    bob = new_person("Bob", viewport=WIDE)
    alice, carol = Person(server, "Alice"), Person(server, "Carol")
    with_alice, with_carol = alice.opens(bob.known_as), carol.opens(bob.known_as)
    second = bob.open_page()
    second.goto("/chats")
    bob.page.bring_to_front()  # what lies behind is drawn once a second only

    bob.go(with_alice)
    listed(bob, with_carol, with_alice)
    press(bob, "Pin to top")
    listed(bob, with_alice, with_carol)
    expect(second.locator("#conversations [data-conversation]").first).to_have_attribute(
        "data-conversation", str(with_alice)
    )
    carol.says(with_carol, "below what is pinned")
    expect(bob.entry(with_carol)).to_contain_text("below what is pinned")
    titled(bob, 1)
    listed(bob, with_alice, with_carol)

    press(bob, "Mute…", "For 8 hours")
    expect(bob.entry(with_alice)).to_contain_text("muted")
    bob.page.goto("/chats")
    alice.says(with_alice, "quietly")
    expect(bob.entry(with_alice)).to_contain_text(re.compile("quietly.*1 unread", re.S))
    titled(bob, 1)

    bob.go(with_carol)
    titled(bob, 0)
    press(bob, "Archive")
    listed(bob, with_alice)
    expect(bob.page.get_by_role("heading", name="Carol")).to_be_visible()
    bob.page.goto("/chats")
    carol.says(with_carol, "and back it is")
    listed(bob, with_alice, with_carol)
    titled(bob, 1)

    bob.go(with_alice)
    press(bob, "Archive")
    listed(bob, with_carol)
    alice.says(with_alice, "unheard")
    expect(bob.texts.last).to_have_text("unheard")
    listed(bob, with_carol)
    bob.page.get_by_role("link", name="Archived").click()
    listed(bob, with_alice)
    assert violations(bob.page) == []


@pytest.mark.parametrize("javascript", [True, False], ids=["script", "plain"])
def test_filters_and_names_narrow_it(
    server: LiveServer, new_person: NewPerson, javascript: bool
) -> None:
    bob = new_person("Bob", viewport=WIDE, javascript=javascript)
    alice = Person(server, "Alice")
    with_alice = alice.opens(bob.known_as)
    body = {"name": "Crew of the Ünicorn", "members": [alice.id]}
    group = bob.known_as.rest("POST", "/api/groups", json=body).json()["conversation_id"]
    alice.says(with_alice, "unread")

    bob.page.goto("/chats")
    listed(bob, with_alice, group)
    if javascript:
        bob.page.evaluate("window.neverReloaded = true")
    filters = bob.page.locator("#filters")
    for name, ids in (
        ("Unread", [with_alice]),
        ("People", [with_alice]),
        ("Archived", []),
        ("Groups", [group]),
    ):
        filters.get_by_role("link", name=name).click()
        listed(bob, *ids)
        expect(filters.locator("[aria-current]")).to_have_text(name)
        expect(bob.page).to_have_url(re.compile(rf"/chats\?filter={name.lower()}$"))
    if javascript:
        alice.says(group, "still only groups")
        expect(bob.entry(group)).to_contain_text("still only groups")
        alice.says(with_alice, "elsewhere")
        titled(bob, 3)
        assert bob.page.evaluate("window.neverReloaded")
    listed(bob, group)
    entries(bob).click()
    expect(bob.page).to_have_url(re.compile(rf"/chats/{group}\?filter=groups"))
    listed(bob, group)
    filters.get_by_role("link", name="All").click()
    expect(entries(bob)).to_have_count(2)

    search = bob.page.get_by_role("searchbox")
    search.fill("ünicorn")
    if not javascript:
        search.press("Enter")
    listed(bob, group)
    search.fill("nobody")
    if not javascript:
        search.press("Enter")
    expect(bob.page.get_by_text("No results for “nobody”")).to_be_visible()
    if javascript:
        search.fill("")
        expect(entries(bob)).to_have_count(2)
        search.fill("alice")
        listed(bob, with_alice)
        search.press("Enter")
        expect(bob.page).to_have_url(re.compile(rf"/chats/{with_alice}"))


def test_a_long_list_grows_on_demand_and_stays(server: LiveServer, new_person: NewPerson) -> None:
    bob = new_person("Bob", viewport=WIDE)
    alice = Person(server, "Alice")
    with_alice = alice.opens(bob.known_as)
    for number in range(60):
        body = {"name": f"Group {number}", "members": [alice.id]}
        group = bob.known_as.rest("POST", "/api/groups", json=body).json()["conversation_id"]
    bob.page.goto("/chats")
    expect(entries(bob)).to_have_count(50)
    alice.says(with_alice, "from far below")
    expect(entries(bob).first).to_have_attribute("data-conversation", str(with_alice))
    titled(bob, 1)
    bob.page.get_by_role("link", name="Older conversations").click()
    expect(entries(bob)).to_have_count(61)
    alice.says(group, "and it is still that long")
    expect(entries(bob).first).to_have_attribute("data-conversation", str(group))
    expect(entries(bob)).to_have_count(61)


def test_who_is_online_stands_below_and_on_the_page_where_nothing_is_open(
    server: LiveServer, new_person: NewPerson
) -> None:
    bob = new_person("Bob", viewport=WIDE)
    alice, carol, dave = (Person(server, name) for name in ("Alice", "Carol", "Dave"))
    with_alice = alice.opens(bob.known_as)
    body = {"name": "Crew", "members": [bob.known_as.id]}
    crew = carol.rest("POST", "/api/groups", json=body).json()["conversation_id"]
    wires = [carol.wire(), dave.wire()]

    bob.page.goto("/chats")
    online = bob.page.locator("#online li")
    dashboard = bob.page.locator("#dashboard")
    expect(online).to_have_count(1)
    expect(online).to_contain_text("Carol")
    alices = alice.wire()
    expect(online).to_have_count(2)
    expect(dashboard.get_by_role("link", name="Alice")).to_be_visible()
    alice.says(with_alice, "hello")
    expect(dashboard.get_by_role("link", name="hello")).to_be_visible()
    assert violations(bob.page) == []
    assert bob.page.get_by_text("Dave").count() == 0, "a stranger"
    online.get_by_title("Alice").click()
    expect(bob.page).to_have_url(re.compile(rf"/chats/{with_alice}"))

    alices.close()
    expect(online).to_have_count(1)
    online.get_by_role("button", name="Carol").click()
    expect(bob.page.get_by_role("heading", name="Carol")).to_be_visible()
    assert crew not in (with_alice, bob.page.url)
    for wire in wires:
        wire.close()


def test_in_a_group_words_say_whose_they_are(server: LiveServer, new_person: NewPerson) -> None:
    """Live and in the page alike; one-to-one it is clear, and the system has no name."""
    bob = new_person("Bob", viewport=WIDE)
    alice, amir = Person(server, "Alice"), Person(server, "أمير")
    new = {"name": "Crew", "members": [bob.known_as.id, amir.id]}
    crew = alice.rest("POST", "/api/groups", json=new).json()["conversation_id"]
    direct = alice.opens(bob.known_as)
    alice.says(direct, "hi")
    bob.page.goto("/chats")
    words = bob.entry(crew).locator(".conversation-link__preview")
    expect(words).to_have_text("Alice created the group")
    expect(bob.entry(direct).locator(".conversation-link__preview")).to_have_text("hi")
    for person, shown in ((alice, "Alice: hello"), (amir, "\u2068أمير\u2069: hello")):
        said = person.says(crew, "hello")
        expect(words).to_have_text(shown)
        bob.page.reload()
        expect(words).to_have_text(shown)
    amir.rest("DELETE", f"/api/messages/{said['id']}")
    expect(words).to_have_text("Message deleted")


@pytest.mark.parametrize("theme", ["bubbles", "plain"])
def test_however_long_the_list_the_page_is_as_high_as_the_window(
    server: LiveServer, new_person: NewPerson, theme: str
) -> None:
    """Else it moves out of sight when it opens at a message, or under a wheel."""
    bob = new_person("Bob", viewport={"width": 1280, "height": 400})
    bob.known_as.rest("PATCH", "/api/users/me", json={"theme": theme})
    alice = Person(server, "Alice")
    for number in range(12):
        new = {"name": f"Group {number}", "members": [bob.known_as.id]}
        group = alice.rest("POST", "/api/groups", json=new).json()
    for number in range(20):
        alice.says(group["conversation_id"], f"One more, **{number}**")
    for path in (f"/chats/{group['conversation_id']}#new", "/chats"):
        bob.page.goto(path)
        expect(entries(bob).first).to_be_visible()
        measured = "[scrollY, document.scrollingElement.scrollHeight - innerHeight]"
        assert bob.page.evaluate(measured) == [0, 0], path


@in_every_look
def test_the_list_is_accessible_and_fits(
    server: LiveServer, new_person: NewPerson, mode: str, size: dict[str, int]
) -> None:
    bob = new_person("Bob", viewport=size, color_scheme=mode)
    names = ("B", "Zaphod " + "Beeblebrox" * 7, "محمد بن عبد الله", "🎉🎉")
    for number, name in enumerate(names):
        other = Person(server, name, username=f"name-{number}-{bob.known_as.username}")
        id_ = other.opens(bob.known_as)
        other.says(id_, "hello " * 20)
        path = f"/api/chat/{id_}/preferences"
        bob.known_as.rest("PATCH", path, json={"pinned": not number, "notify": "none"})
    for path in ("/chats", "/chats?filter=unread", "/chats?filter=archived", "/chats?q=nobody"):
        bob.page.goto(path)
        assert violations(bob.page) == [], path
        assert not overflows(bob.page), path
    bob.go(id_)
    press(bob, "Mute…", "Notify me about…")
    assert violations(bob.page) == []
    assert not overflows(bob.page)


def test_a_long_list_scrolls_by_itself(server: LiveServer, new_person: NewPerson) -> None:
    """And not the page with it, when a message is opened by its address."""
    ada = new_person("Ada", viewport={"width": 1280, "height": 360})
    for name in ("Ben", "Carol", "Dan", "Eve"):
        conversation_id = ada.known_as.opens(Person(server, name))
        ada.known_as.says(conversation_id, "Hello")
    ada.page.goto(f"/chats/{conversation_id}/@1#m1")
    expect(ada.messages.first).to_be_in_viewport()
    expect(ada.page.locator(".conversation__header")).to_be_in_viewport(ratio=1)
