"""What goes on around messages: typing, reading, removal; without scripts, and on a phone."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.support.browser_looks import NARROW, WIDE, in_every_look, overflows, violations
from tests.support.browser_messages import menu, row, text, together
from tests.support.browser_person import NewPerson
from tests.support.people import Person
from tests.support.server import LiveServer

pytestmark = pytest.mark.browser


def test_who_types_who_is_here_and_who_has_read(new_person: NewPerson) -> None:
    ada, ben, conversation_id = together(new_person)
    status = ada.page.locator("#status")
    expect(status).to_have_text("Online")
    ben.composer.press_sequentially("hm")
    expect(status).to_have_text("Ben is typing…")
    ben.composer.fill("")
    expect(status).to_have_text("Online")
    dot = ada.entry(conversation_id).locator(".avatar__online")
    expect(dot).to_have_count(1)
    ben.page.goto("about:blank")
    expect(status).to_contain_text("Last seen today")
    expect(dot).to_have_count(0)

    crew = ada.known_as.rest(
        "POST", "/api/groups", json={"name": "Crew", "members": [ben.known_as.id]}
    ).json()
    ada.go(crew["conversation_id"])
    ada.say("All here?")
    ben.go(crew["conversation_id"])
    seen = ada.messages.last.locator(".message__seen")
    expect(seen).to_have_text("Seen by Ben")
    ada.page.reload()
    expect(seen).to_have_text("Seen by Ben")
    address = f"/api/groups/{crew['id']}/members/{ben.known_as.id}"
    assert ada.known_as.rest("DELETE", address).status_code == 204
    expect(ada.texts.last).to_have_text("Ada removed Ben")
    expect(ada.page.locator(".message__seen")).to_have_count(0)


def test_being_taken_out_of_a_group(new_person: NewPerson) -> None:
    ada, ben = new_person("Ada"), new_person("Ben", viewport=WIDE)
    group = ada.known_as.rest(
        "POST", "/api/groups", json={"name": "Crew", "members": [ben.known_as.id]}
    ).json()
    conversation_id = group["conversation_id"]
    ben.go(conversation_id)
    expect(ben.page.locator("#banner")).to_be_hidden()
    renamed = ada.known_as.rest("PATCH", f"/api/groups/{group['id']}", json={"name": "New crew"})
    assert renamed.status_code == 200, renamed.text
    expect(ben.page.get_by_role("heading", name="New crew")).to_be_visible()
    expect(ben.entry(conversation_id)).to_contain_text("New crew")
    address = f"/api/groups/{group['id']}/members/{ben.known_as.id}"
    assert ada.known_as.rest("DELETE", address).status_code == 204
    expect(ben.page.get_by_role("alert")).to_contain_text("no longer in this conversation")
    expect(ben.composer).to_have_count(0)
    expect(ben.entry(conversation_id)).to_have_count(0)
    ben.page.get_by_role("link", name="Go to your conversations").click()
    expect(ben.page).to_have_url(f"{ben.url}/chats")


def test_without_scripts(server: LiveServer, new_person: NewPerson) -> None:
    cleo = new_person("Cleo", viewport=WIDE, javascript=False)
    ben = Person(server, "Ben")
    conversation_id = cleo.known_as.opens(ben)
    ben.says(conversation_id, "a **question**")
    cleo.go(conversation_id)

    menu(cleo, 1).get_by_role("link", name="Reply").click()
    expect(cleo.page.locator("#composer-context")).to_contain_text("Reply to Ben")
    cleo.post("an answer")
    expect(row(cleo, 2).locator(".quote")).to_have_text("Ben a question")

    menu(cleo, 2).get_by_role("link", name="Edit").click()
    expect(cleo.composer).to_have_value("an answer")
    cleo.post("a better answer")
    expect(text(cleo, 2)).to_have_text("a better answer")
    expect(row(cleo, 2).locator(".message__edited")).to_be_visible()

    cleo.go(conversation_id)
    menu(cleo, 1).get_by_role("button", name="🎉").click()
    expect(row(cleo, 1).locator(".chip")).to_contain_text("🎉 1")
    row(cleo, 1).locator(".chip").click()
    expect(row(cleo, 1).locator(".chip")).to_have_count(0)

    menu(cleo, 1).get_by_role("link", name="Cancel").click()
    expect(cleo.page.locator("#message-menu")).to_be_hidden()
    expect(menu(cleo, 1).get_by_role("link", name="Edit")).to_be_hidden()
    opened = menu(cleo, 2)
    opened.locator("summary").click()
    opened.get_by_role("button", name="Delete message").click()
    cleo.sees(["a question", "Message deleted"])
    cleo.page.goto(f"/chats/{conversation_id}/@2?actions")
    expect(cleo.page.locator("#message-menu")).to_be_hidden()


def test_a_refused_edit_keeps_what_was_typed_without_scripts(new_person: NewPerson) -> None:
    cleo, ben = new_person("Cleo", viewport=WIDE, javascript=False), new_person("Ben")
    conversation_id = cleo.meet(ben)
    cleo.post("short")
    cleo.page.goto(f"/chats/{conversation_id}?edit=1")
    cleo.expect_failed_requests()  # a 422 stands in the console
    cleo.post("x" * 10_001)
    expect(cleo.composer).to_have_value("x" * 10_001)
    expect(cleo.page.locator("#composer-context")).to_contain_text("Editing")
    cleo.post("long enough")
    cleo.sees(["long enough"])


def test_a_long_press_opens_the_menu(new_person: NewPerson) -> None:
    ada = new_person("Ada", viewport=NARROW, has_touch=True, is_mobile=True)
    ben = new_person("Ben")
    conversation_id = ben.meet(ada)
    ben.say("press me")
    expect(ben.pending).to_have_count(0)
    ada.page.goto(f"/chats/{conversation_id}")
    expect(ada.page.locator("#banner")).to_be_hidden()
    box = text(ada, 1).bounding_box()
    assert box is not None
    finger = {"x": box["x"] + 5, "y": box["y"] + 5}
    touch = ada.context.new_cdp_session(ada.page)
    opened = row(ada, 1).locator(".popover-menu")

    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [finger]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(opened).to_be_hidden()
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [finger]})
    ada.page.evaluate("new Promise((done) => setTimeout(done, 500))")
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(opened).to_be_visible()
    opened.get_by_role("button", name="👍").tap()
    expect(row(ben, 1).locator(".chip")).to_contain_text("👍 1")
    expect(opened).to_be_hidden()


@in_every_look
def test_all_of_it_is_accessible_and_fits(
    server: LiveServer, new_person: NewPerson, mode: str, size: dict[str, int]
) -> None:
    ada = new_person("Ada", viewport=size, color_scheme=mode)
    ben = Person(server, "Ben")
    crew = ben.rest("POST", "/api/groups", json={"name": "Crew", "members": [ada.known_as.id]})
    conversation_id = crew.json()["conversation_id"]
    first = ben.says(
        conversation_id, "# Plan\n\n- [one](https://x.invalid)\n- `two`\n\n> so\n\n---\n1. x"
    )
    ben.says(conversation_id, "```\n" + "a long line of code " * 20 + "\n```")
    own = ada.known_as.says(conversation_id, "**Yes** " * 30, reply_to=first["id"])
    for who, message in ((ben, own), (ada.known_as, own), (ada.known_as, first)):
        who.rest("PUT", f"/api/messages/{message['id']}/reactions/👍")
    own = ada.known_as.rest("PATCH", f"/api/messages/{own['id']}", json={"content": "*Yes*"})
    gone = ben.says(conversation_id, "gone soon", reply_to=first["id"])
    ben.rest("DELETE", f"/api/messages/{gone['id']}")
    ben.says(conversation_id, "ok", reply_to=own.json()["id"])
    ada.go(conversation_id)
    expect(ada.messages.last.locator(".quote")).to_have_text("Ada Yes")
    assert violations(ada.page) == []
    assert not overflows(ada.page)
    assert ada.page.locator("#log").evaluate("log => log.scrollWidth <= log.clientWidth")
    opened = menu(ada, 4)
    opened.locator("summary").click()
    assert violations(ada.page) == [], "the open menu"
    box = opened.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["y"] >= 0
    assert box["x"] + box["width"] <= size["width"]
    assert box["y"] + box["height"] <= size["height"]
