"""Messages on a page."""

from __future__ import annotations

from playwright.sync_api import Locator, expect

from tests.support.browser_looks import WIDE
from tests.support.browser_person import BrowserPerson, NewPerson


def row(person: BrowserPerson, seq: int) -> Locator:
    return person.page.locator(f'.message[data-seq="{seq}"]')


def text(person: BrowserPerson, seq: int) -> Locator:
    return row(person, seq).locator(".message__text")


def menu(person: BrowserPerson, seq: int) -> Locator:
    """The message's menu, opened as with a mouse; without scripts it is the page's."""
    row(person, seq).locator(".message__bubble").hover()
    row(person, seq).get_by_role("link", name="More actions").click()
    opened = person.page.locator("#message-menu")
    expect(opened).to_be_visible()
    return opened


def together(new_person: NewPerson) -> tuple[BrowserPerson, BrowserPerson, int]:
    ada, ben = new_person("Ada", viewport=WIDE), new_person("Ben", viewport=WIDE)
    conversation_id = ada.meet(ben)
    ben.go(conversation_id)
    return ada, ben, conversation_id
