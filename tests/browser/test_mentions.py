"""Mentions: completed while typing, asked about where they tell many, seen by those meant."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from tests.support.browser_looks import NARROW, WIDE, in_every_look, overflows, violations
from tests.support.browser_person import BrowserPerson, NewPerson
from tests.support.people import Person
from tests.support.server import LiveServer

pytestmark = pytest.mark.browser

NAMES = ("Ö" + "verlong-name-without-end " * 3 + "x", "مريم الزهراء", "🦊🌻")


def group(owner: Person, *others: Person) -> int:
    made = owner.rest(
        "POST", "/api/groups", json={"name": "Crew", "members": [one.id for one in others]}
    )
    assert made.status_code == 201, made.text
    return int(made.json()["conversation_id"])


def crowd(server: LiveServer, owner: Person, members: int) -> int:
    return group(owner, *(Person(server, f"Extra {number}") for number in range(members - 1)))


def options(person: BrowserPerson) -> Locator:
    return person.page.get_by_role("option")


def active(person: BrowserPerson) -> Locator:
    """The option that the composer says is the active one."""
    id_ = person.composer.get_attribute("aria-activedescendant")
    return person.page.locator(f"#{id_ or 'none'}")


def test_a_name_is_completed_and_its_owner_told(server: LiveServer, new_person: NewPerson) -> None:
    ada, ben = new_person("Ada", viewport=WIDE), new_person("Ben", viewport=WIDE)
    cleo = Person(server, "Cleo")
    id_ = group(ada.known_as, ben.known_as, cleo)
    ben.page.goto("/chats")
    ada.go(id_)
    ada.composer.press_sequentially("hi @be")
    expect(options(ada)).to_have_count(1)
    expect(options(ada)).to_contain_text(f"@{ben.username}")
    assert violations(ada.page) == []
    ada.composer.press("Enter")
    expect(ada.composer).to_have_value(f"hi @{ben.username} ")
    expect(options(ada)).to_have_count(0)
    ada.composer.press_sequentially("and you")
    ada.composer.press("Enter")
    mention = ada.messages.last.locator(".mention")
    expect(mention).to_have_text("@Ben")
    badge = ben.entry(id_).locator(".unread-badge--mention")
    expect(badge).to_be_visible()
    expect(ben.entry(id_)).to_contain_text("hi @Ben and you")

    ben.entry(id_).click()
    theirs = ben.messages.last.locator(".mention")
    expect(theirs).to_have_attribute("data-user", ben.known_as.id)
    background = "e => getComputedStyle(e).backgroundColor"
    assert theirs.evaluate(background) != mention.evaluate(background), "one's own stands out"
    expect(badge).to_have_count(0)


def test_keys_and_fingers_choose(server: LiveServer, new_person: NewPerson) -> None:
    ada = new_person("Ada", viewport=NARROW, has_touch=True)
    others = [Person(server, name) for name in ("Mia", "Mio", *NAMES)]
    id_ = group(ada.known_as, *others)
    ada.page.goto(f"/chats/{id_}")
    ada.composer.focus()
    ada.composer.press_sequentially("@")
    expect(options(ada)).to_have_count(6)
    assert not overflows(ada.page)
    assert violations(ada.page) == []
    expect(active(ada)).to_contain_text("Everyone")
    ada.composer.press("ArrowUp")
    expect(active(ada)).to_have_attribute("aria-selected", "true")
    expect(active(ada)).to_contain_text("🦊🌻")
    ada.composer.press_sequentially("mi")
    expect(options(ada)).to_have_count(2)
    ada.composer.press("ArrowDown")
    expect(active(ada)).to_contain_text("Mio")
    ada.composer.press("Tab")
    expect(ada.composer).to_have_value(f"@{others[1].username} ")

    ada.composer.press_sequentially("@مر")
    expect(options(ada)).to_have_count(1)
    options(ada).tap()
    expect(ada.composer).to_have_value(f"@{others[1].username} @{others[3].username} ")
    expect(ada.composer).to_be_focused()

    ada.composer.press_sequentially("@m")
    expect(options(ada)).to_have_count(2)
    ada.composer.press("Escape")
    expect(options(ada)).to_have_count(0)
    ada.composer.press_sequentially("i")
    ada.composer.press("End")
    expect(options(ada)).to_have_count(0)
    ada.composer.press_sequentially(" me@mi")
    ada.composer.press("End")
    expect(options(ada)).to_have_count(0)
    ada.composer.press_sequentially(" @mi")
    expect(options(ada)).to_have_count(2)


def test_in_a_large_group_names_are_asked_for(server: LiveServer, new_person: NewPerson) -> None:
    ada = new_person("Ada", viewport=WIDE)
    zoe = Person(server, "Zoe Quist")
    id_ = group(ada.known_as, zoe, *(Person(server, f"Extra {number}") for number in range(101)))
    ada.go(id_)
    ada.composer.press_sequentially("@qui")
    expect(options(ada)).to_have_count(1)
    ada.composer.press("Enter")
    expect(ada.composer).to_have_value(f"@{zoe.username} ")


def test_to_tell_very_many_is_confirmed(server: LiveServer, new_person: NewPerson) -> None:
    ada = new_person("Ada", viewport=WIDE)
    id_ = crowd(server, ada.known_as, 22)
    ada.go(id_)
    asked = ada.page.locator("#confirm-mention-all")
    expect(asked).to_be_hidden()
    ada.say("@all, come now")
    expect(asked).to_contain_text("This will notify 21 people.")
    assert violations(ada.page) == []
    asked.get_by_role("button", name="Cancel").click()
    expect(asked).to_be_hidden()
    expect(ada.composer).to_have_value("@all, come now")
    expect(ada.composer).to_be_focused()
    assert ada.pending.count() == 0
    ada.composer.press("Enter")
    expect(asked.get_by_role("button", name="Send", exact=True)).to_be_focused()
    ada.page.keyboard.press("Enter")
    expect(ada.messages.last.locator(".mention")).to_have_text("@all")
    expect(ada.composer).to_have_value("")
    expect(asked).to_be_hidden()
    ada.say("Then without")
    expect(ada.texts.last).to_have_text("Then without")

    ada.composer.press("ArrowUp")
    expect(ada.composer).to_have_value("Then without")
    ada.composer.fill("Then @all, with it")
    ada.composer.press("Enter")
    expect(asked).to_be_visible()
    ada.page.keyboard.press("Enter")
    expect(ada.messages.last.locator(".mention")).to_have_text("@all")


def test_what_is_refused_for_telling_many_waits_for_a_yes(
    server: LiveServer, new_person: NewPerson
) -> None:
    """The page doesn't know yet that the group has become so large."""
    ada = new_person("Ada", viewport=WIDE)
    id_ = crowd(server, ada.known_as, 20)
    ada.go(id_)
    made = ada.known_as.get("/api/groups")["items"][0]
    late = Person(server, "Late")
    ada.known_as.rest("POST", f"/api/groups/{made['id']}/members", json={"user_ids": [late.id]})
    expect(ada.texts.last).to_contain_text("added Late")
    ada.say("@all, now")
    row = ada.page.locator(".message--failed")
    expect(row).to_contain_text("This will notify 20 people.")
    ada.say("and this")
    expect(ada.texts.get_by_text("and this")).to_be_visible()
    ada.page.reload()
    expect(row).to_contain_text("This will notify 20 people.")
    row.get_by_role("button", name="Send").click()
    expect(ada.messages.last.locator(".mention")).to_have_text("@all")
    expect(row).to_have_count(0)


def test_without_scripts_too(server: LiveServer, new_person: NewPerson) -> None:
    ada = new_person("Ada", viewport=NARROW, javascript=False)
    ben = Person(server, "Ben")
    id_ = crowd(server, ada.known_as, 22)
    ada.go(id_)
    ada.expect_failed_requests()  # 422 is the question
    ada.post("Now, @all")
    expect(ada.composer).to_have_value("Now, @all")
    expect(ada.page.locator("#confirm-mention-all")).to_contain_text("This will notify 21 people.")
    assert not overflows(ada.page)
    ada.page.locator("#confirm-mention-all").get_by_role("button", name="Send").click()
    expect(ada.messages.last.locator(".mention")).to_have_text("@all")
    ada.page.goto(f"/chats/{ada.known_as.opens(ben)}")
    ada.post(f"hello @{ben.username}")
    expect(ada.messages.last.locator(".mention")).to_have_text("@Ben")


@in_every_look
def test_mentions_are_readable(
    server: LiveServer, new_person: NewPerson, mode: str, size: dict[str, int]
) -> None:
    ada = new_person("Ada", viewport=size, color_scheme=mode)
    others = [Person(server, name) for name in NAMES]
    id_ = group(ada.known_as, *others)
    ada.known_as.says(id_, " ".join(f"@{one.username}" for one in others))
    others[0].says(id_, f"@{ada.username}, **look** @{others[1].username}: @all, `@{ada.username}`")
    others[1].says(id_, f"صباح الخير @{ada.username}، متى نلتقي؟")
    ada.page.goto(f"/chats/{id_}")
    expect(ada.page.locator(".mention")).to_have_count(7)
    assert violations(ada.page) == []
    assert not overflows(ada.page)
