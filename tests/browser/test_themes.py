"""Every theme, in both modes, with wild accents and pictures: it can be read, and it is live."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NewPerson
from tests.browser.test_look import NARROW, WIDE, overflows, violations
from tests.support.clone import copy_repository
from tests.support.people import Person
from tests.support.process import TOP
from tests.support.server import LiveServer

pytestmark = pytest.mark.browser

NewServer = Callable[..., LiveServer]
THEMES = sorted(path.name for path in (TOP / "templates/themes").iterdir())
SAID = (
    "Morning! Is the **hall** ours on Saturday? https://hall.example.org/plans",
    "> the hall\n\nIt is, with `both doors`:\n```\nopen\n```",
    "🎉",
    "صباح الخير! هل ما زال موعدنا يوم الخميس؟",
)


def prefer(person: Person, **preferences: object) -> None:
    answer = person.rest("PATCH", "/api/users/me", json=preferences)
    assert answer.status_code == 200, answer.text


def talk(ada: Person, ben: Person) -> int:
    """A conversation with one of each kind of message, from both, and one unread; its id."""
    conversation_id = ada.opens(ben)
    for text in SAID:
        first = ben.says(conversation_id, text)
        mine = ada.says(conversation_id, text)
    ada.rest("PUT", f"/api/messages/{first['id']}/reactions/👍")
    ben.rest("PUT", f"/api/messages/{mine['id']}/reactions/👍")
    ada.says(conversation_id, "An answer, with a [link](https://example.org)", reply_to=first["id"])
    gone = ada.says(conversation_id, "Not this")
    ada.rest("DELETE", f"/api/messages/{gone['id']}")
    ben.says(conversation_id, "Unread")
    return conversation_id


@pytest.mark.parametrize("theme", THEMES)
def test_any_accent_can_be_read(server: LiveServer, new_person: NewPerson, theme: str) -> None:
    ada = new_person("Ada", viewport=WIDE)
    conversation_id = talk(ada.known_as, Person(server, "Ben"))
    paths = (f"/chats/{conversation_id}", "/settings/appearance")
    for color in (None, "#ffff00", "#0000ff"):
        prefer(ada.known_as, theme=theme, theme_color=color)
        for path in paths:
            for mode in ("light", "dark"):
                ada.page.emulate_media(color_scheme=mode)
                ada.page.goto(path)
                assert violations(ada.page) == [], (theme, color, mode, path)
    ada.page.set_viewport_size(NARROW)
    for path in paths:
        ada.page.goto(path)
        assert not overflows(ada.page), path


def test_what_is_picked_shows_before_it_is_saved(server: LiveServer, new_person: NewPerson) -> None:
    """Without a script: by rules for what is checked."""
    ada = new_person("Ada", javascript=False)
    prefer(ada.known_as, theme_color="#c2362b")
    ada.page.goto("/settings/appearance")
    button = ada.page.get_by_role("button", name="Save")

    def color() -> str:
        return str(button.evaluate("button => getComputedStyle(button).backgroundColor"))

    red = color()
    ada.page.get_by_title("Teal").click()
    teal = color()
    ada.page.get_by_title("This site’s own").click()
    own = color()
    assert len({red, teal, own}) == 3
    ada.page.get_by_label("Dark").check()
    assert color() != own
    ada.page.get_by_label("Plain").check()
    button.click()
    ada.page.get_by_text("Saved.").wait_for()
    assert ada.page.locator("html").get_attribute("data-mode") == "dark"
    assert ada.page.get_by_label("Plain").is_checked()
    account = ada.known_as.get("/api/users/me")
    assert (account["theme"], account["theme_color"]) == ("plain", None)


def test_enter_does_what_was_chosen(server: LiveServer, new_person: NewPerson) -> None:
    ada = new_person("Ada")
    conversation_id = ada.known_as.opens(Person(server, "Ben"))
    prefer(ada.known_as, enter_sends=False)
    ada.go(conversation_id)
    box = ada.page.get_by_role("textbox")
    box.press_sequentially("first line")
    box.press("Enter")
    box.press_sequentially("second line")
    assert box.input_value() == "first line\nsecond line"
    box.press("Shift+Enter")
    expect(ada.texts.last).to_have_text("first line\nsecond line")
    expect(box).to_have_value("")
    box.fill("by Ctrl")
    box.press("Control+Enter")
    expect(ada.texts.last).to_have_text("by Ctrl")

    prefer(ada.known_as, enter_sends=True)
    ada.go(conversation_id)
    box.press_sequentially("at once")
    box.press("Enter")
    expect(ada.texts.last).to_have_text("at once")


def test_live_rows_follow_the_theme(
    new_server: NewServer, new_person: NewPerson, tmp_path: Path
) -> None:
    """A theme of one's own, in a copy of the repository: the page's rows and the script's."""
    copy_repository(tmp_path)
    harbour = tmp_path / "templates/themes/harbour"
    (harbour / "chat").mkdir(parents=True)
    macro = (tmp_path / "templates/chat/_message.html").read_text()
    assert '<div class="message__bubble">' in macro
    (harbour / "chat/_message.html").write_text(
        macro.replace('<div class="message__bubble">', '<div class="message__bubble harbour">')
    )
    (tmp_path / "static/themes/harbour.css").write_text(".harbour { border-width: 7px }")
    site = new_server(top=tmp_path, THEMES="bubbles,harbour")
    ada, ben = new_person("Ada", site=site), new_person("Ben", site=site)
    prefer(ada.known_as, theme="harbour")
    conversation_id = ben.find(ada)
    ben.say("before")
    ada.go(conversation_id)
    ben.say("live")
    expect(ada.messages).to_have_count(2)
    ada.say("sent")
    expect(ada.messages).to_have_count(3)
    borders = "rows => rows.map(row => getComputedStyle(row).borderTopWidth)"
    bubbles = ada.page.locator("#messages .message__bubble")
    assert bubbles.evaluate_all(borders) == ["7px", "7px", "7px"]
    expect(ben.messages).to_have_count(3)
    assert ben.page.locator(".harbour").count() == 0
