"""What is new and what is old in a conversation, and how a page shows it."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.support.browser_line import Line
from tests.support.browser_looks import WIDE
from tests.support.browser_person import NewPerson
from tests.support.people import Person
from tests.support.server import LiveServer
from tests.support.waiting import wait_until

pytestmark = pytest.mark.browser


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
