"""Every theme, in both modes, with wild accents and pictures: it can be read, and it is live."""

from __future__ import annotations

import io
import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from chatapp.web.accent import READABLE, contrast, luminance
from tests.support.browser_looks import NARROW, WIDE, overflows, violations
from tests.support.browser_person import NewPerson
from tests.support.clone import copy_repository
from tests.support.people import Person
from tests.support.process import TOP
from tests.support.server import LiveServer
from tests.support.waiting import wait_until

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


def talk(ada: Person, ben: Person, conversation_id: int | None = None) -> int:
    """A conversation with one of each kind of message, from both, and one unread; its id."""
    conversation_id = conversation_id or ada.opens(ben)
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


PICTURES = {
    "white": lambda: Image.new("RGB", (640, 400), "white"),
    "black": lambda: Image.new("RGB", (640, 400), "black"),
    "noise": lambda: Image.frombytes("L", (320, 200), random.Random(5).randbytes(64_000)).point(
        lambda value: 255 * (value > 127)
    ),
}
#: Every line of text in the log that is seen, with its colour; then all letters vanish.
LINES = """() => {
  document.adoptedStyleSheets = [];
  const log = document.getElementById("log").getBoundingClientRect();
  const found = [];
  const walker = document.createTreeWalker(document.getElementById("log"), NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    const unread = ".visually-hidden, .message-actions, .avatar, .message--emoji";
    if (!node.data.trim() || element.closest(unread)) continue;
    if (!element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
    const { color, clipPath } = getComputedStyle(element);
    if (clipPath !== "none") continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const box of range.getClientRects()) {
      if (box.width < 3 || box.top < log.top || box.bottom > log.bottom) continue;
      found.push([node.data.trim(), color, box.x, box.y, box.width, box.height]);
    }
  }
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`* { color: transparent !important; text-decoration: none !important; }
    #jump { display: none !important; }`);
  document.adoptedStyleSheets = [sheet];
  return found;
}"""


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
                # Colours are all that an accent and a mode change.
                rules = () if (color, mode) == (None, "light") else ("color-contrast",)
                assert violations(ada.page, *rules) == [], (theme, color, mode, path)
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
    ada.page.get_by_title("Default").click()
    own = color()
    assert len({red, teal, own}) == 3
    ada.page.get_by_label("Dark").check()
    wait_until(lambda: color() != own, "the page is dark")
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
    macro = (tmp_path / "templates/chat/_message.html").read_text(encoding="utf-8")
    assert '<div class="message__bubble">' in macro
    (harbour / "chat/_message.html").write_text(
        macro.replace('<div class="message__bubble">', '<div class="message__bubble harbour">'),
        encoding="utf-8",
    )
    (tmp_path / "static/themes/harbour.css").write_text(
        ".harbour { border-width: 7px }", encoding="utf-8"
    )
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


@pytest.mark.parametrize("theme", THEMES)
def test_words_on_a_picture_can_be_read(
    server: LiveServer, new_person: NewPerson, theme: str
) -> None:
    """Each line of text against the very pixels that are under it."""
    ada = new_person("Ada", viewport={"width": 1280, "height": 1700})
    ben = Person(server, "Ben")
    group = {"name": "Weekend", "members": [ben.id]}
    made = ada.known_as.rest("POST", "/api/groups", json=group).json()
    conversation_id = talk(ada.known_as, ben, made["conversation_id"])
    prefer(ada.known_as, theme=theme, theme_color="#ffff00")
    for name, draw in PICTURES.items():
        file = io.BytesIO()
        draw().save(file, "PNG")
        uploaded = ada.known_as.rest(
            "POST",
            "/api/pictures",
            files={"file": ("picture.png", file.getvalue(), "image/png")},
            data={"purpose": "background"},
        )
        assert uploaded.status_code == 201, uploaded.text
        prefer(ada.known_as, background_image=uploaded.json()["url"])
        for mode in ("light", "dark"):
            ada.page.emulate_media(color_scheme=mode)
            # Anew each time: the colours that were hidden for the picture come back slowly.
            ada.page.goto(f"/chats/{conversation_id}", wait_until="networkidle")
            lines = ada.page.evaluate(LINES)
            assert {"Unread", "Weekend", "Today"} < {line[0] for line in lines}
            shot = Image.open(io.BytesIO(ada.page.screenshot())).convert("RGB")
            assert shot.getpixel((310, 850)) != canvas(ada.page), "the picture is there"
            for text, color, *box in lines:
                worst = least_contrast(shot, color, *box)
                assert worst >= READABLE, (name, mode, text, color, worst)


def least_contrast(shot: Image.Image, color: str, x: float, y: float, w: float, h: float) -> float:
    """Of text of this colour with any pixel of this box."""
    red, green, blue = (int(part) for part in re.findall(r"\d+", color)[:3])
    text = luminance(f"#{red:02x}{green:02x}{blue:02x}")
    under = shot.crop((int(x), int(y), int(x + w) + 1, int(y + h) + 1)).getcolors(1_000_000)
    return min(
        contrast(text, luminance("#{:02x}{:02x}{:02x}".format(*pixel))) for _, pixel in under
    )


def canvas(page: Page) -> tuple[int, ...]:
    """The colour of the page behind everything."""
    color = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    return tuple(map(int, re.findall(r"\d+", color)[:3]))
