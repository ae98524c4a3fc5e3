"""Pictures in a browser: chosen by a form, shown beside what one says, moving nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.support.browser_looks import WATCH_SHIFTS
from tests.support.browser_person import BrowserPerson, NewPerson
from tests.support.photos import photo

pytestmark = pytest.mark.browser


def choose(person: BrowserPerson, path: str, file: Path) -> None:
    person.page.goto(path)
    person.page.locator("#picture-file").set_input_files(file)
    person.page.get_by_role("button", name="Upload").click()
    expect(person.page.get_by_role("status").first).to_contain_text("changed")


IS_SHOWN = """selector => {
  const picture = [...document.querySelectorAll(selector)].at(-1);
  return picture?.complete && picture.naturalWidth > 1 && picture.width === picture.height
    && picture.width >= 24;
}"""


def is_shown(person: BrowserPerson, within: str) -> None:
    """The last picture there has come, and fills the box that was kept for it."""
    person.page.wait_for_function(IS_SHOWN, arg=f"{within} .avatar__picture")


def test_a_picture_stands_beside_what_one_says(new_person: NewPerson, tmp_path: Path) -> None:
    ada, ben = new_person("Ada"), new_person("Ben")
    file = tmp_path / "ada.jpg"
    file.write_bytes(photo(size=(1200, 900)))
    choose(ada, "/settings/profile", file)
    conversation_id = ada.find(ben)
    ada.say("before")
    ben.page.add_init_script(WATCH_SHIFTS)
    ben.go(conversation_id)
    for place in (".message", "#conversations", ".conversation__header"):
        is_shown(ben, place)
    ben.say("an answer, so that the next begins a run of its own")
    ada.say("live")
    ben.messages.get_by_text("live").wait_for()
    expect(ben.page.locator(".message .avatar__picture")).to_have_count(2)
    is_shown(ben, ".message")
    assert ben.page.evaluate("shifted") < 0.02


def test_without_a_script(new_person: NewPerson, tmp_path: Path) -> None:
    ada = new_person("Ada", javascript=False)
    file = tmp_path / "ada.png"
    file.write_bytes(photo("PNG"))
    choose(ada, "/settings/profile", file)
    expect(ada.page.locator("#picture .avatar__picture")).to_be_visible()
    ada.page.get_by_role("button", name="Remove picture").click()
    expect(ada.page.get_by_role("status").first).to_contain_text("removed")
    expect(ada.page.locator("#picture .avatar__picture")).to_have_count(0)
    file.write_text("<svg/>", encoding="utf-8")
    ada.page.locator("#picture-file").set_input_files(file)
    ada.page.get_by_role("button", name="Upload").click()
    expect(ada.page.get_by_role("alert")).to_contain_text("JPEG")
