"""Groups at a browser: made, joined and left by the pages; who writes changes while one looks."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.support.browser_looks import WIDE, in_every_look, overflows, violations
from tests.support.browser_person import BrowserPerson, NewPerson
from tests.support.people import Person
from tests.support.server import LiveServer

pytestmark = pytest.mark.browser

ODD_NAMES = ("Å", "W" * 80, "محمد عبد الله الفارسي", "🦊🌈")
scripts = pytest.mark.parametrize("javascript", [True, False], ids=["script", "no script"])


def pick(person: BrowserPerson, other: BrowserPerson, *, javascript: bool) -> None:
    """Search for the other among the people to pick, and pick them."""
    search = person.page.get_by_role("searchbox", name="Search people")
    search.fill(other.username)
    if not javascript:
        person.page.get_by_role("button", name="Search", exact=True).click()
    found = person.page.locator("#found-people").get_by_role("checkbox")
    expect(found).to_have_count(1)
    found.check(force=True) if not javascript else found.click()


def says(person: BrowserPerson, words: str) -> None:
    expect(person.page.locator("#messages")).to_contain_text(words)


@scripts
def test_a_group_is_made_left_and_joined(new_person: NewPerson, javascript: bool) -> None:
    alice, bob, carol, dave = (
        new_person(name, javascript=javascript, viewport=WIDE)
        for name in ("Alice", "Bob", "Carol", "Dave")
    )
    page = alice.page
    page.goto("/chats")
    page.get_by_title("New conversation").click()
    page.locator("#main").get_by_role("link", name="New group").click()
    page.get_by_label("Name", exact=True).fill("Harbour crew")
    pick(alice, bob, javascript=javascript)
    pick(alice, dave, javascript=javascript)
    if javascript:
        expect(page.locator("#picked-people li")).to_have_text([bob.name, dave.name])
        expect(page.locator("#picked-count")).to_have_text("2 selected")
        page.locator("#picked-people").get_by_label(dave.name).click()
        expect(page.locator("#picked-people li")).to_have_text([bob.name])
    else:
        expect(page.locator("#picked-people li")).to_have_text([bob.name])
        page.locator("#found-people").get_by_role("checkbox").uncheck()
    page.get_by_role("button", name="Create group").click()
    expect(page).to_have_url(re.compile(r"/chats/\d+$"))
    says(alice, "Alice created the group")
    conversation_id = int(page.url.rpartition("/")[2])

    # a link for Carol
    page.get_by_role("link", name="Harbour crew 2 members").click()
    page.get_by_label("How many people can join with it").fill("1")
    page.get_by_role("button", name="Create link").click()
    expect(page.get_by_role("status")).to_contain_text(["Link created."])
    link = page.get_by_label("Link 1", exact=True).input_value()
    if javascript:
        page.get_by_role("button", name="Copy").click()
        expect(page.get_by_role("button", name="Copied")).to_be_visible()

    # Bob leaves
    bob.go(conversation_id)
    bob.page.get_by_role("link", name="Harbour crew 2 members").click()
    bob.page.get_by_text("Leave group…").click()
    bob.page.get_by_role("button", name="Leave", exact=True).click()
    expect(bob.page).to_have_url(f"{bob.url}/chats")
    expect(bob.page.get_by_text("You’ve left the group.")).to_be_visible()

    # Carol joins
    carol.page.goto(link)
    expect(carol.page.get_by_text("Alice invited you")).to_be_visible()
    carol.page.get_by_role("button", name="Join as Carol").click()
    expect(carol.page).to_have_url(f"{carol.url}/chats/{conversation_id}")
    says(carol, "Carol joined with a link")
    alice.go(conversation_id)
    says(alice, "Bob left")
    says(alice, "Carol joined with a link")

    # Bob is late
    bob.expect_failed_requests()
    bob.page.goto(link)
    expect(bob.page.get_by_text("This link has been used as often")).to_be_visible()
    bob.page.goto(f"/chats/{conversation_id}")
    expect(bob.page.get_by_role("heading", name="Not found")).to_be_visible()


def test_what_was_picked_outlives_a_refusal(new_person: NewPerson) -> None:
    alice, bob = new_person("Alice"), new_person("Bob")
    alice.page.goto("/groups/new")
    pick(alice, bob, javascript=True)
    expect(alice.page.locator("#picked-people li")).to_have_text([bob.name])
    alice.expect_failed_requests()  # 422 is the answer
    alice.page.get_by_label("Name", exact=True).fill("   ")
    alice.page.get_by_label("Name", exact=True).press("Enter")
    expect(alice.page.locator("#name-error")).to_be_visible()
    expect(alice.page.locator("#picked-people li")).to_have_text([bob.name])
    alice.page.get_by_label("Name", exact=True).fill("Crew")
    alice.page.get_by_label("Name", exact=True).press("Enter")
    expect(alice.page).to_have_url(re.compile(r"/chats/\d+$"))


def group_of(owner: BrowserPerson, *others: str, name: str = "Board") -> dict[str, Any]:
    answer = owner.known_as.rest("POST", "/api/groups", json={"name": name, "members": others})
    assert answer.status_code == 201, answer.text
    group: dict[str, Any] = answer.json()
    return group


def test_who_writes_changes_while_one_looks(new_person: NewPerson) -> None:
    alice, bob = new_person("Alice"), new_person("Bob")
    group = group_of(alice, bob.known_as.id)
    bob.go(group["conversation_id"])
    bob.say("before")
    expect(bob.pending).to_have_count(0)
    sentence = bob.page.get_by_text("Only owners and admins can write in this group.")
    expect(sentence).to_be_hidden()

    alice.page.goto(f"/groups/{group['id']}")
    alice.page.get_by_role("button", name="Let only owners and admins write").click()
    expect(sentence).to_be_visible()
    expect(bob.composer).to_be_hidden()
    alice.go(group["conversation_id"])
    expect(alice.composer).to_be_visible()
    bob.page.reload()
    expect(sentence).to_be_visible()
    expect(bob.composer).to_be_hidden()

    own = bob.page.locator(".message", has_text="before")
    own.locator(".message__bubble").hover()
    own.get_by_role("link", name="More actions").click()
    own.get_by_role("link", name="Edit").click()
    expect(bob.composer).to_be_visible()
    bob.composer.fill("before, edited")
    bob.composer.press("Enter")
    expect(own.locator(".message__text")).to_have_text("before, edited")
    expect(bob.composer).to_be_hidden()

    members = f"/api/groups/{group['id']}/members/{bob.known_as.id}"
    alice.known_as.rest("PATCH", members, json={"member_role": "admin"})
    expect(bob.composer).to_be_visible()
    alice.known_as.rest("PATCH", members, json={"member_role": "member"})
    expect(bob.composer).to_be_hidden()
    alice.known_as.rest("PATCH", f"/api/groups/{group['id']}", json={"announcements_only": False})
    expect(bob.composer).to_be_visible()
    expect(sentence).to_be_hidden()


def test_in_a_large_group_too(new_person: NewPerson, server: LiveServer) -> None:
    """Whose events don't say what one is in it."""
    alice, bob = new_person("Alice"), new_person("Bob")
    others = [Person(server, f"Guest{n}").id for n in range(9)]
    group = group_of(alice, *others)
    members = f"/api/groups/{group['id']}/members"
    alice.known_as.rest("POST", members, json={"user_ids": [bob.known_as.id]})
    alice.known_as.rest("PATCH", f"/api/groups/{group['id']}", json={"announcements_only": True})
    bob.page.goto(f"/chats/{group['conversation_id']}")
    expect(bob.composer).to_be_hidden()
    alice.known_as.rest("PATCH", f"{members}/{bob.known_as.id}", json={"member_role": "admin"})
    expect(bob.composer).to_be_visible()


@in_every_look
def test_every_page_is_accessible_and_fits(
    server: LiveServer, new_person: NewPerson, mode: str, size: dict[str, int]
) -> None:
    ada = new_person("Ada", viewport=size, color_scheme=mode)
    odd = [Person(server, name, f"odd{n}-{ada.username}").id for n, name in enumerate(ODD_NAMES)]
    guests = [Person(server, f"Guest{n}").id for n in range(8)]
    crew = group_of(ada, *odd, *guests, name="W" * 80)
    alone = group_of(ada, name="م")
    path = f"/api/groups/{crew['id']}"
    ada.known_as.rest("PATCH", path, json={"description": "صف " * 100, "announcements_only": True})
    heir = f"{path}/members/{odd[1]}"  # named where one leaves
    ada.known_as.rest("PATCH", heir, json={"member_role": "admin"})
    ada.known_as.rest("POST", f"{path}/links", json={"uses": 3})
    link = ada.known_as.rest("POST", f"{path}/links", json={"expires_in": None}).json()["link"]

    def check(name: str) -> None:
        assert violations(ada.page) == [], name
        assert not overflows(ada.page), name

    for address in ("/groups/new", f"/groups/{alone['id']}", f"/groups/{alone['id']}/add", link):
        ada.page.goto(address)
        check(address)
    ada.page.goto("/groups/new?q=odd")
    for box in ada.page.locator("#found-people input:visible").all()[:2]:
        box.click()
    expect(ada.page.locator("#picked-people li")).to_have_count(2)
    check("people picked")
    ada.page.goto(f"/groups/{crew['id']}")
    check("a group")
    ada.page.locator("#people details.menu > summary").last.click()
    ada.page.locator("#people details.menu[open] details summary").click()
    check("a member's menu")
    for summary in ada.page.locator(".confirm > summary").all():
        summary.click()
    check("leaving and deleting")
    ada.expect_failed_requests()  # 404 and 422 are answers
    ada.page.goto("/join/nowhere")
    check("a link that leads nowhere")
    ada.page.goto("/groups/new")
    ada.page.get_by_label("Name", exact=True).fill(" ")
    ada.page.get_by_role("button", name="Create group").click()
    ada.page.locator("#name-error").wait_for()
    check("a refused group")

    visitor = new_person("Vic", viewport=size, color_scheme=mode)
    visitor.context.clear_cookies()
    visitor.page.goto(link)
    expect(visitor.page.get_by_role("link", name="Log in")).to_be_visible()
    assert violations(visitor.page) == []
    assert not overflows(visitor.page)
