"""What is written and missed while the connection is lost."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from tests.support.browser_line import Line
from tests.support.browser_looks import WIDE
from tests.support.browser_person import NewPerson
from tests.support.people import PASSWORD
from tests.support.server import LiveServer

pytestmark = pytest.mark.browser


@pytest.fixture
def own_server(new_server: Callable[..., LiveServer]) -> Iterator[LiveServer]:
    server = new_server()
    yield server
    server.stop()


def test_what_is_written_offline_goes_out_once_and_in_order(
    own_server: LiveServer, new_person: NewPerson
) -> None:
    ada, ben = (new_person(name, site=own_server) for name in ("Ada", "Ben"))
    conversation_id = ada.meet(ben)
    ben.go(conversation_id)
    ada.say("before")
    ben.sees(["before"])
    for person in (ada, ben):
        person.expect_failed_requests()

    own_server.kill()
    expect(ada.banner).to_be_visible()
    offline = [f"offline {number}" for number in range(1, 6)]
    for text in offline:
        ada.say(text)
    expect(ada.pending).to_have_text(offline)
    ben.say("Ben too")
    expect(ben.pending).to_have_text(["Ben too"])
    own_server.restart()

    for person in (ada, ben):
        expect(person.messages).to_have_count(7, timeout=30_000)
        expect(person.pending).to_have_count(0)
        expect(person.banner).to_be_hidden()
    seen = ada.texts.all_inner_texts()
    assert [text for text in seen if text.startswith("offline")] == offline
    assert sorted(seen) == sorted(["before", "Ben too", *offline])
    ben.sees(seen)
    ben.page.reload()
    ben.sees(seen)


def test_what_is_pending_survives_a_reload(new_person: NewPerson) -> None:
    ada, ben = new_person("Ada"), new_person("Ben")
    conversation_id = ada.meet(ben)
    line = Line(ada)
    line.cut()
    ada.page.reload()
    waiting = ["first", "second"]
    for text in waiting:
        ada.say(text)
    expect(ada.pending).to_have_text(waiting)

    ada.page.reload()

    expect(ada.pending).to_have_text(waiting)
    expect(ada.messages).to_have_count(0)
    ada.say("third")
    line.up = True
    expect(ada.banner).to_be_visible()
    ada.page.get_by_role("button", name="Try now").click()
    ada.sees([*waiting, "third"])
    expect(ada.pending).to_have_count(0)
    ben.go(conversation_id)
    ben.sees([*waiting, "third"])
    ada.page.reload()
    ada.sees([*waiting, "third"])
    expect(ada.pending).to_have_count(0)


def test_what_was_missed_is_there_when_the_line_is_back(new_person: NewPerson) -> None:
    ada, ben = new_person("Ada"), new_person("Ben")
    conversation_id = ada.meet(ben)
    line = Line(ben)
    ben.go(conversation_id)
    ada.say("heard")
    ben.sees(["heard"])
    ben.page.evaluate("window.neverReloaded = true")

    line.cut()
    expect(ben.banner).to_be_visible()
    for number in range(1, 6):
        ada.say(f"missed {number}")
    expect(ada.messages).to_have_count(6)
    expect(ben.messages).to_have_count(1)
    line.up = True
    ben.page.get_by_role("button", name="Try now").click()

    ben.sees(["heard", *(f"missed {number}" for number in range(1, 6))])
    ada.say("live again")
    expect(ben.texts.last).to_have_text("live again")
    assert ben.page.evaluate("window.neverReloaded") is True


def test_a_draft_survives_a_reload_and_another_conversation(new_person: NewPerson) -> None:
    ada, ben, cleo = new_person("Ada"), new_person("Ben"), new_person("Cleo")
    with_ben, with_cleo = ada.meet(ben), ada.meet(cleo)
    ada.go(with_ben)
    ada.composer.fill("half a thou")

    ada.page.reload()
    expect(ada.composer).to_have_value("half a thou")
    ada.entry(with_cleo).click()
    expect(ada.page).to_have_url(f"{ada.url}/chats/{with_cleo}")
    expect(ada.composer).to_have_value("")
    ada.entry(with_ben).click()
    expect(ada.composer).to_have_value("half a thou")
    ada.say("half a thought, now whole")
    ada.sees(["half a thought, now whole"])
    ada.page.reload()
    expect(ada.composer).to_have_value("")


def test_a_reply_and_an_edit_survive_a_reload(new_person: NewPerson) -> None:
    ada, ben = new_person("Ada", viewport=WIDE), new_person("Ben")
    conversation_id = ada.meet(ben)
    ada.say("a **first** thought")
    expect(ada.pending).to_have_count(0)
    about = ada.page.locator("#composer-context")

    ada.page.goto(f"/chats/{conversation_id}?reply=1")
    expect(ada.composer).to_be_focused()
    ada.composer.fill("half a rep")
    ada.page.reload()
    expect(about).to_have_text(re.compile("Reply to Ada\\s+a first thought"))
    expect(ada.composer).to_have_value("half a rep")

    ada.composer.fill("")
    ada.composer.press("ArrowUp")
    expect(ada.composer).to_have_value("a **first** thought")
    ada.composer.fill("a better thou")
    ada.page.reload()
    expect(about).to_contain_text("Editing")
    expect(ada.composer).to_have_value("a better thou")
    ada.say("a better thought")
    expect(ada.texts).to_have_text(["a better thought"])

    # the reply waited for the end of the edit
    expect(about).to_contain_text("Reply to Ada")
    ada.say("a reply")
    expect(ada.messages.last.locator(".quote")).to_be_visible()
    ada.page.reload()
    expect(ada.composer).to_have_value("")
    expect(about).to_be_hidden()


def test_signing_out_leaves_no_draft_behind(new_person: NewPerson) -> None:
    ada, ben = new_person("Ada", viewport=WIDE), new_person("Ben")
    conversation_id = ada.meet(ben)
    ada.composer.fill("for nobody's eyes")
    ada.page.reload()
    expect(ada.composer).to_have_value("for nobody's eyes")
    ada.page.locator("details.menu summary").first.click()
    ada.page.get_by_role("button", name="Log out").click()
    ada.page.wait_for_url(ada.url + "/")
    kept = ada.page.evaluate("JSON.stringify(localStorage)")
    assert "nobody" not in kept
    assert conversation_id


def test_a_page_of_someone_signed_out_says_so_and_stays_away(new_person: NewPerson) -> None:
    """Also where somebody else has signed in meanwhile, in the same browser."""
    ada, ben = new_person("Ada", viewport=WIDE), new_person("Ben")
    conversation_id = ada.meet(ben)
    expect(ada.banner).to_be_hidden()
    ada.expect_failed_requests()
    other = ada.open_page()
    other.goto("/chats")
    other.locator("details.menu summary").first.click()
    other.get_by_role("button", name="Log out").click()
    other.wait_for_url(ada.url + "/")
    expect(ada.banner).to_contain_text("You’ve been logged out")
    login = ada.banner.get_by_role("link", name="Log in again")
    expect(login).to_have_attribute("href", f"/login?next=%2Fchats%2F{conversation_id}")
    expect(ada.banner.get_by_role("button")).to_be_hidden()

    other.goto("/login")
    other.get_by_label("Email or username").fill(ben.known_as.email)
    other.get_by_label("Password").fill(PASSWORD)
    other.get_by_role("button", name="Log in", exact=True).click()
    other.wait_for_url(ada.url + "/chats")
    ada.composer.fill("from Ada")
    ada.composer.press("Enter")
    for _ in range(2):
        ada.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        ada.page.evaluate("dispatchEvent(new Event('online'))")
    expect(ada.pending).to_have_text(["from Ada"])
    expect(ada.banner).to_contain_text("You’ve been logged out")
    assert ben.known_as.history(conversation_id) == []


def test_too_many_connections_are_told_and_not_tried_again(
    new_server: Callable[..., LiveServer], new_person: NewPerson
) -> None:
    ada = new_person("Ada", site=new_server(RATE_LIMITS="on"))
    wires = [ada.known_as.wire() for _ in range(10)]
    ada.expect_failed_requests()
    ada.page.clock.install()
    tries: list[str] = []
    ada.page.on("websocket", lambda socket: tries.append(socket.url))
    ada.page.goto("/chats")
    expect(ada.banner).to_contain_text("Close another window or device")
    assert len(tries) == 1
    ada.page.clock.fast_forward(60_000)
    ada.page.reload()
    expect(ada.banner).to_contain_text("Close another window or device")
    ada.page.clock.fast_forward(60_000)
    expect(ada.banner).to_contain_text("Close another window or device")
    assert len(tries) == 2

    wires.pop().close()
    ada.banner.get_by_role("button", name="Try now").click()
    expect(ada.banner).to_be_hidden()
    for wire in wires:
        wire.close()
