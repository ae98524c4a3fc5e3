"""Whatever is written, and wherever, no script of it runs and the policy has nothing to report.

The corpus goes in live and is there again after a reload; a canary that every payload calls, any
dialog, and any report of the Content-Security-Policy would give it away.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser_person import BrowserPerson, NewPerson
from tests.support.people import Person
from tests.support.server import LiveServer
from tests.support.xss_corpus import NAMES, NO_URLS, TEXTS, URLS

pytestmark = pytest.mark.browser

WATCH = """
window.caught = [];
for (const name of ["pwned", "alert", "confirm", "prompt"]) {
  window[name] = (what) => caught.push(`${name}(${what}) ran`);
}
addEventListener("securitypolicyviolation", (event) => {
  caught.push(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`);
});
"""


def watch(person: BrowserPerson) -> None:
    person.context.add_init_script(WATCH)
    person.page.on("dialog", lambda dialog: person.complaints.append(f"dialog {dialog.message}"))


def unharmed(page: Page) -> None:
    """Nothing ran; not when everything that can be pointed at or focused was either."""
    page.evaluate(
        """() => {
          for (const element of document.querySelectorAll("#main *, #conversations *, #people *")) {
            for (const type of ["mouseover", "pointerenter", "mouseenter", "focus"]) {
              element.dispatchEvent(new Event(type));
            }
          }
        }"""
    )
    page.evaluate("new Promise((done) => setTimeout(done))")
    assert page.evaluate("window.caught") == []
    stray = page.evaluate(
        """() => [".message__text *", ".message__author *", ".quote *", ".truncate *"]
          .flatMap((words) => [...document.querySelectorAll(words)])
          .filter((element) => element.localName === "script" || element.localName === "iframe"
            || [...element.attributes].some(({ name }) => name.startsWith("on"))
            || /^\\s*(javascript|data|vbscript):/i.test(element.getAttribute("href") ?? ""))
          .map((element) => element.outerHTML)"""
    )
    assert stray == []


def read_all(person: BrowserPerson, conversation_id: int) -> None:
    """Every page of the conversation, as the server renders it."""
    person.page.goto(f"/chats/{conversation_id}?after=0")
    while True:
        unharmed(person.page)
        newer = person.page.locator("#newer a")
        if not newer.count():
            return
        person.page.goto(newer.get_attribute("href") or "")


def test_in_messages(server: LiveServer, new_person: NewPerson) -> None:
    assert len(TEXTS) >= 100
    ada = new_person("Ada")
    watch(ada)
    ben = Person(server, "Ben")
    conversation_id = ada.known_as.opens(ben)
    ada.go(conversation_id)
    for text in TEXTS:
        ben.says(conversation_id, text)
    expect(ada.messages).to_have_count(len(TEXTS))
    unharmed(ada.page)

    last = ben.says(conversation_id, TEXTS[0])
    for text in TEXTS[::3]:  # quoted, and edited in
        reply = ben.says(conversation_id, text, reply_to=last["id"])
        edited = ben.rest("PATCH", f"/api/messages/{reply['id']}", json={"content": text + " *"})
        assert edited.status_code == 200, edited.text
        last = reply
    expect(ada.messages).to_have_count(len(TEXTS) + 1 + len(TEXTS[::3]))
    expect(ada.messages.last.locator(".message__edited")).to_be_visible()
    unharmed(ada.page)
    read_all(ada, conversation_id)


def test_in_what_one_types_oneself(new_person: NewPerson) -> None:
    """Pending rows, drafts and the line above the box are made in the page."""
    ada, ben = new_person("Ada"), new_person("Ben")
    watch(ada)
    conversation_id = ada.meet(ben)
    ada.page.reload()
    texts = [text for text in TEXTS if "\n" not in text][::4]
    for text in texts:
        ada.say(text)
    expect(ada.pending).to_have_count(0)
    expect(ada.messages).to_have_count(len(texts))
    ada.composer.press("ArrowUp")
    expect(ada.composer).to_have_value(texts[-1])
    ada.page.reload()
    for text in texts:
        ada.composer.fill(text)
    ada.page.reload()
    expect(ada.composer).to_have_value(texts[-1])
    unharmed(ada.page)
    ada.go(conversation_id)
    unharmed(ada.page)


def test_in_addresses_of_files(server: LiveServer, new_person: NewPerson) -> None:
    ada = new_person("Ada")
    watch(ada)
    ben = Person(server, "Ben")
    conversation_id = ada.known_as.opens(ben)
    ada.go(conversation_id)
    stored = 0
    for type_ in ("image", "video", "file"):
        for url in URLS + NO_URLS:
            answer = ben.rest(
                "POST",
                f"/api/chat/{conversation_id}/messages",
                json={"content": url, "type": type_},
            )
            assert answer.status_code in (201, 422), answer.text
            assert url in URLS or answer.status_code == 422, url
            stored += answer.status_code == 201
    assert stored
    expect(ada.messages).to_have_count(stored)
    unharmed(ada.page)
    read_all(ada, conversation_id)


def test_in_names_of_people_and_groups(server: LiveServer, new_person: NewPerson) -> None:
    """In the list, in heads, beside messages, among the people; live and after a reload."""
    ada = new_person("Ada")
    watch(ada)
    ada.page.goto("/chats")
    for number, name in enumerate(NAMES):
        group = ada.known_as.rest("POST", "/api/groups", json={"name": name, "members": []})
        assert group.status_code == 201, group.text
        if number % 4:
            continue
        other = Person(server, name, f"corpus-{number}-{ada.known_as.id[-8:]}")
        conversation_id = other.opens(ada.known_as)
        other.says(conversation_id, f"I am {number}")
        if number % 16 == 0:
            group_id = group.json()["id"]
            added = ada.known_as.rest(
                "POST", f"/api/groups/{group_id}/members", json={"user_ids": [other.id]}
            )
            assert added.status_code == 200, added.text
            for address in (conversation_id, group.json()["conversation_id"]):
                ada.go(address)
                unharmed(ada.page)
                other.says(address, "live")
                expect(ada.messages.last).to_contain_text("live")
                unharmed(ada.page)
    ada.page.goto("/chats")
    unharmed(ada.page)
    ada.page.goto("/people?q=corpus-")
    unharmed(ada.page)


def test_in_what_a_group_is_made_of(server: LiveServer, new_person: NewPerson) -> None:
    """Name, description and picture: changed under a reader's eyes, and there on return."""
    ada = new_person("Ada")
    watch(ada)
    ben = Person(server, "Ben")
    body = {"name": "Crew", "members": [ada.known_as.id]}
    group = ben.rest("POST", "/api/groups", json=body).json()
    path, id_ = f"/api/groups/{group['id']}", group["conversation_id"]
    ada.go(id_)
    for number, text in enumerate(TEXTS):
        given = {
            "name": NAMES[number % len(NAMES)],
            "description": text,
            "group_picture": URLS[number % len(URLS)],
        }
        changed = ben.rest("PATCH", path, json=given)
        if changed.status_code == 422:  # what could end an attribute is no picture's address
            assert set(changed.json()["error"]["fields"]) == {"group_picture"}
            del given["group_picture"]
            changed = ben.rest("PATCH", path, json=given)
        assert changed.status_code == 200, changed.text
        if number % 20 == 0:
            expect(ada.page.locator(".bar__title")).to_have_text(changed.json()["name"])
            for page in ("/chats", f"/chats/{id_}?newest"):
                unharmed(ada.page)
                ada.page.goto(page)
            unharmed(ada.page)
    last = ben.says(id_, "the end")
    expect(ada.page.locator(f"#m{last['seq']}")).to_contain_text("the end")
    unharmed(ada.page)
    read_all(ada, id_)
    for url in NO_URLS:
        answer = ben.rest("PATCH", path, json={"group_picture": url})
        assert answer.status_code == 422, url


def test_in_the_name_one_registers_with(new_person: NewPerson) -> None:
    name = 'Eve "><img src=x onerror=pwned(1)> <script>pwned(1)</script>'
    ada = new_person(name, by_form=True)
    watch(ada)
    ada.page.goto("/chats")
    expect(ada.page.locator(".menu__name")).to_have_text(name)
    unharmed(ada.page)
