"""Editing, deleting, replying, reacting; with the mouse, with keys."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.support.browser_looks import WIDE, violations
from tests.support.browser_messages import menu, row, text, together
from tests.support.browser_person import NewPerson
from tests.support.people import Person
from tests.support.server import LiveServer

pytestmark = pytest.mark.browser


def test_markdown_is_shown_the_same_live_and_after_a_reload(new_person: NewPerson) -> None:
    ada, ben, _ = together(new_person)
    ada.say("so **bold** and `x < 1`, see https://x.invalid/a")
    for person in (ada, ben):
        expect(text(person, 1).locator("strong")).to_have_text("bold")
        expect(text(person, 1).locator("code")).to_have_text("x < 1")
    live = text(ben, 1).inner_html()
    ben.page.reload()
    assert text(ben, 1).inner_html() == live
    link = text(ben, 1).get_by_role("link")
    expect(link).to_have_attribute("rel", "noopener noreferrer nofollow")


def test_edit(new_person: NewPerson) -> None:
    ada, ben, conversation_id = together(new_person)
    ada.say("first **thought**")
    expect(ada.pending).to_have_count(0)
    ben.say("mine")
    expect(ada.messages).to_have_count(2)
    ada.composer.press("ArrowUp")
    expect(ada.composer).to_have_value("first **thought**")
    ada.composer.press("Escape")
    expect(ada.composer).to_have_value("")

    ada.composer.fill("a draft")
    menu(ada, 1).get_by_role("link", name="Edit").click()
    expect(ada.composer).to_have_value("first **thought**")
    ada.say("second *thought*")
    expect(ada.composer).to_have_value("a draft")
    for person in (ada, ben):
        expect(text(person, 1).locator("em")).to_have_text("thought")
        expect(row(person, 1).locator(".message__edited")).to_have_text("Edited")
    ben.sees(["second thought", "mine"])
    opened = menu(ben, 1)
    expect(opened.get_by_role("link", name="Edit")).to_be_hidden()
    row(ben, 1).get_by_role("link", name="More actions").click()
    expect(opened).to_be_hidden()
    ada.go(conversation_id)
    ada.sees(["second thought", "mine"])


def test_delete_asks_first(new_person: NewPerson) -> None:
    ada, ben, conversation_id = together(new_person)
    ada.say("not for long")
    expect(ben.messages).to_have_count(1)
    opened = menu(ada, 1)
    sure = opened.get_by_role("button", name="Delete message")
    expect(sure).to_be_hidden()
    opened.locator("summary").click()
    sure.click()
    for person in (ada, ben):
        person.sees(["Message deleted"])
        expect(row(person, 1).locator(".message-actions")).to_be_hidden()
        expect(person.entry(conversation_id)).to_contain_text("Message deleted")
        assert "not for long" not in person.page.content()
    ben.page.reload()
    ben.sees(["Message deleted"])
    assert "not for long" not in ben.page.content()


def test_reply_and_jump(new_person: NewPerson) -> None:
    ada, ben, conversation_id = together(new_person)
    ada.say("the question")
    expect(ben.messages).to_have_count(1)
    for number in range(45):
        ben.known_as.says(conversation_id, f"between {number}")
    ben.go(conversation_id)
    ada.page.goto(f"/chats/{conversation_id}?newest")
    row(ada, 46).hover()
    row(ada, 46).locator("[data-action=reply]").first.click()
    expect(ada.page.locator("#composer-context")).to_contain_text("Reply to Ben between 44")
    ada.say("to the last")
    ada.known_as.says(
        conversation_id, "to the first", reply_to=ada.known_as.history(conversation_id)[0]["id"]
    )
    for person in (ada, ben):
        expect(row(person, 47).locator(".quote")).to_have_text("Ben between 44")
        expect(row(person, 48).locator(".quote")).to_have_text("Ada the question")
    expect(ada.page.locator("#composer-context")).to_be_hidden()
    row(ben, 48).locator(".quote").click()
    expect(row(ben, 1)).to_have_class(re.compile("message--target"))
    expect(row(ben, 1)).to_be_in_viewport()
    ben.go(conversation_id)
    expect(row(ben, 47).locator(".quote")).to_have_text("Ben between 44")
    expect(row(ben, 48).locator(".quote")).to_have_text("Ada the question")


def test_one_menu_serves_every_message(new_person: NewPerson) -> None:
    ada, ben, conversation_id = together(new_person)
    ada.say("one")
    expect(ben.messages).to_have_count(1)
    ben.say("two")
    expect(ada.messages).to_have_count(2)
    first, second = ada.known_as.history(conversation_id)
    page = f"/chats/{conversation_id}"
    for message in (second, first):
        seq = message["seq"]
        opened = menu(ada, seq)
        expect(opened.get_by_role("link", name="Edit")).to_be_visible(visible=message is first)
        copy = opened.get_by_role("link", name="Copy link")
        expect(copy).to_have_attribute("href", f"{page}/@{seq}#m{seq}")
        address = re.compile(f"{page}/messages/{message['id']}/react$")
        expect(opened.get_by_role("button", name="👍")).to_have_attribute("formaction", address)
        ada.page.keyboard.press("Escape")
    row(ada, 1).get_by_role("link", name="More actions").press("Enter")
    expect(row(ada, 1).locator("#message-menu")).to_be_visible()


def test_react_and_take_it_back(new_person: NewPerson) -> None:
    ada, ben, _ = together(new_person)
    ada.say("good news")
    expect(ben.messages).to_have_count(1)
    menu(ben, 1).get_by_role("button", name="👍").click()
    chip = row(ada, 1).locator(".chip")
    expect(chip).to_have_attribute("title", "Ben")
    chip.click()
    for person, who in ((ada, "Ben, You"), (ben, "You, Ada")):
        expect(row(person, 1).locator(".chip")).to_contain_text("👍 2")
        expect(row(person, 1).locator(".chip")).to_have_attribute("title", who)
    ben.page.reload()
    row(ben, 1).locator(".chip").click()
    expect(chip).to_contain_text("👍 1")
    chip.click()
    for person in (ada, ben):
        expect(row(person, 1).locator(".chip")).to_have_count(0)


def test_keys(new_person: NewPerson) -> None:
    ada, ben, _ = together(new_person)
    for words in ("one", "two", "three"):
        ada.say(words)
    expect(ada.pending).to_have_count(0)
    expect(ada.messages).to_have_count(3)
    ada.page.locator("#log").focus()
    keyboard = ada.page.keyboard
    keyboard.press("k")
    expect(row(ada, 3)).to_be_focused()
    keyboard.press("k")
    expect(row(ada, 2)).to_be_focused()
    keyboard.press("+")
    expect(row(ada, 2).locator(".emoji-picker button").first).to_be_focused()
    keyboard.press("Enter")
    expect(row(ben, 2).locator(".chip")).to_contain_text("👍 1")
    row(ada, 2).focus()
    keyboard.press("j")
    expect(row(ada, 3)).to_be_focused()
    keyboard.press("e")
    expect(ada.composer).to_have_value("three")
    ada.composer.press("Escape")
    row(ada, 1).focus()
    keyboard.press("+")
    expect(row(ada, 1).locator(".popover-menu")).to_be_visible()
    keyboard.press("Escape")
    expect(row(ada, 1).locator(".popover-menu")).to_be_hidden()
    row(ada, 1).focus()
    keyboard.press("r")
    expect(ada.page.locator("#composer-context")).to_contain_text("one")
    row(ada, 1).focus()
    keyboard.press("?")
    expect(ada.page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    assert violations(ada.page) == []
    keyboard.press("Escape")
    expect(ada.page.get_by_role("dialog")).to_have_count(0)


def test_copying_a_link_and_code(new_person: NewPerson) -> None:
    ada, ben, conversation_id = together(new_person)
    ada.context.grant_permissions(["clipboard-read", "clipboard-write"])
    ben.known_as.says(conversation_id, "```\nx = 1\n```")
    expect(ada.messages).to_have_count(1)
    paste = "navigator.clipboard.readText()"
    menu(ada, 1).get_by_role("link", name="Copy link").click()
    expect(ada.page.locator("#announcer")).to_have_text("Link copied")
    assert ada.page.evaluate(paste) == f"{ada.url}/chats/{conversation_id}/@1"
    ada.page.get_by_role("button", name="Copy code").click()
    expect(ada.page.locator("#announcer")).to_have_text("Code copied")
    assert ada.page.evaluate(paste) == "x = 1\n"


def test_a_message_has_an_address(server: LiveServer, new_person: NewPerson) -> None:
    ada = new_person("Ada", viewport=WIDE)
    plain = new_person("Cleo", javascript=False)
    for reader in (ada, plain):
        ben = Person(server, "Ben")
        conversation_id = reader.known_as.opens(ben)
        for number in range(1, 121):
            ben.says(conversation_id, f"message {number}")
        reader.page.goto(f"/chats/{conversation_id}/@30#m30")
        expect(text(reader, 30)).to_have_text("message 30")
        expect(text(reader, 30)).to_be_in_viewport()
        expect(text(reader, 120)).to_have_count(0)
        row(reader, 30).locator(".message__time").click()
        expect(reader.page).to_have_url(re.compile(rf"/chats/{conversation_id}/@30"))
