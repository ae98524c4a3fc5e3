"""Lost lines, reloads and other pages: what was typed is never lost, what was said arrives once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import WebSocketRoute, expect

from tests.support.browser_looks import WIDE
from tests.support.browser_person import BrowserPerson, NewPerson
from tests.support.people import PASSWORD, Person
from tests.support.server import LiveServer
from tests.support.waiting import wait_until

pytestmark = pytest.mark.browser


@pytest.fixture
def own_server(new_server: Callable[..., LiveServer]) -> Iterator[LiveServer]:
    server = new_server()
    yield server
    server.stop()


class Line:
    """Cuts a profile's Socket.IO off, and joins it again; pages go on loading."""

    def __init__(self, person: BrowserPerson) -> None:
        self.up = True
        self._open: list[WebSocketRoute] = []
        person.context.route_web_socket("**/socket.io/**", self._web_socket)
        person.context.route(
            "**/socket.io/**", lambda route: route.continue_() if self.up else route.abort()
        )
        person.expect_failed_requests()

    def _web_socket(self, socket: WebSocketRoute) -> None:
        if self.up:
            socket.connect_to_server()
            self._open.append(socket)
        else:
            socket.close()

    def cut(self) -> None:
        self.up = False
        while self._open:
            self._open.pop().close()


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


def test_the_sidebar_of_another_page_counts_what_is_unread(new_person: NewPerson) -> None:
    ada, ben, cleo = new_person("Ada"), new_person("Ben"), new_person("Cleo")
    with_ben, with_cleo = ada.meet(ben), ada.meet(cleo)
    ben.go(with_ben)
    ben.page.goto("/chats")
    assert with_cleo
    expect(ben.entry(with_ben).locator(".unread-badge")).to_have_text("")
    ada.go(with_ben)
    for number in range(1, 4):
        ada.say(f"unread {number}")
        expect(ben.entry(with_ben).locator(".unread-badge")).to_have_text(str(number))
    expect(ben.page).to_have_title("(3) Chats · chatapp")
    expect(ben.entry(with_ben)).to_contain_text("unread 3")

    with_cleo_too = cleo.meet(ben)
    cleo.say("a conversation that Ben's page didn't know")
    expect(ben.entry(with_cleo_too).locator(".unread-badge")).to_have_text("1")
    expect(ben.page).to_have_title("(4) Chats · chatapp")

    other = ben.open_page()
    other.goto(f"/chats/{with_ben}")
    expect(ben.entry(with_ben).locator(".unread-badge")).to_have_text("")
    expect(ben.page).to_have_title("(1) Chats · chatapp")


def test_ticks_tell_sent_from_read(new_person: NewPerson) -> None:
    ada, ben = new_person("Ada"), new_person("Ben")
    conversation_id = ada.meet(ben)
    tick = ada.messages.last.locator(".message__ticks")
    ada.say("read me")
    expect(tick).to_have_attribute("aria-label", "Sent")

    ben.go(conversation_id)
    expect(tick).to_have_attribute("aria-label", "Read")
    ada.say("and live")
    expect(ben.texts.last).to_have_text("and live")
    expect(ada.messages).to_have_count(2)
    expect(tick).to_have_attribute("aria-label", "Read")
    ada.page.reload()
    expect(tick).to_have_attribute("aria-label", "Read")


def test_words_stay_words(new_person: NewPerson) -> None:
    """Markup in a message is shown as typed, live and from the server."""
    ada, ben = new_person("Ada"), new_person("Ben")
    conversation_id = ada.meet(ben)
    ben.go(conversation_id)
    payloads = [
        "<img src=x onerror=\"document.body.dataset.owned = 'yes'\">",
        "<script>document.body.dataset.owned = 'yes'</script>",
        "</textarea></template><svg onload=\"document.body.dataset.owned = 'yes'\">",
        "{{ 7 * 7 }} ${7 * 7} <!-- &lt;b&gt; -->",
    ]
    for payload in payloads:
        ada.say(payload)
    for person in (ada, ben):
        person.sees(payloads)
    ben.page.reload()
    ben.sees(payloads)
    for person in (ada, ben):
        assert person.page.evaluate("document.body.dataset.owned") is None


def test_older_messages_come_as_one_scrolls_up(new_person: NewPerson) -> None:
    ada = new_person("Ada")
    plain = new_person("Ben", javascript=False)
    conversation_id = ada.meet(plain)
    said = [f"message {number}" for number in range(1, 61)]
    for text in said:
        ada.say(text)
    expect(ada.pending).to_have_count(0)
    expect(ada.messages).to_have_count(60)

    plain.page.goto(f"/chats/{conversation_id}?newest")
    plain.sees(said[20:])
    plain.page.locator("a[href*='before=']").click()
    plain.sees(said[:20])

    ada.go(conversation_id)
    ada.sees(said[20:])
    ada.page.locator("#log").hover()
    ada.page.mouse.wheel(0, -100_000)
    ada.sees(said)


def test_much_unread_opens_at_the_first_and_leads_to_the_newest(
    server: LiveServer, new_person: NewPerson
) -> None:
    ada, plain = new_person("Ada"), new_person("Cleo", javascript=False)
    for reader in (ada, plain):
        ben = Person(server, "Ben")
        id_ = reader.known_as.opens(ben)
        for number in range(1, 121):
            ben.says(id_, f"message {number}")
            if number == 30:
                reader.known_as.rest("POST", f"/api/chat/{id_}/read", json={"seq": 30})
        reader.page.goto("/chats")
        reader.entry(id_).click()
        expect(reader.page.locator(".divider--new")).to_be_in_viewport()
        expect(reader.page.locator("#m31")).to_be_in_viewport()
        expect(reader.page.locator("#m120")).to_have_count(0)
        expect(reader.page.locator("#jump")).to_have_text("90 new")
    plain.page.locator("#jump").click()
    expect(plain.page.locator("#m120")).to_be_in_viewport()

    log = ada.page.locator("#log")
    for seq in range(40, 121, 10):  # reading on
        row = ada.page.locator(f"#m{seq}")
        expect(row).to_have_count(1)
        row.scroll_into_view_if_needed()
    log.evaluate("log => log.scrollTo(0, 0)")
    expect(ada.page.locator("#jump")).to_be_hidden()
    (with_ben,) = ada.known_as.get("/api/chat")["items"]
    path = f"/api/chat/{with_ben['id']}"
    wait_until(lambda: ada.known_as.get(path)["unread_count"] == 0, "all is read")


def test_where_nothing_is_open_what_came_without_a_line_is_shown_with_it(
    server: LiveServer, new_person: NewPerson
) -> None:
    ada = new_person("Ada", viewport=WIDE)
    ben = Person(server, "Ben")
    conversation_id = ben.opens(ada.known_as)
    line = Line(ada)
    line.cut()
    ada.page.goto("/chats")
    ada.page.get_by_role("button", name="Try now").wait_for()
    ben.says(conversation_id, "while you were away")
    bens = ben.wire()

    line.up = True
    ada.page.get_by_role("button", name="Try now").click()

    dashboard = ada.page.locator("#dashboard")
    expect(dashboard.get_by_role("link", name="while you were away")).to_be_visible()
    expect(dashboard.get_by_role("link", name="Ben", exact=True)).to_be_visible()
    bens.close()
