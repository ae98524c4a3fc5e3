"""The server's macro and the page's script draw every kind of message alike.

`templates/chat/_message.html` draws the rows of a page, `static/js/controllers/message_rows.js`
those that come later. Each test takes the server's HTML as it was sent, has the script draw the
same messages from JSON, and compares both row by row: tags, classes, attributes and text.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.browser_person import BrowserPerson, NewPerson
from tests.support.people import Person
from tests.support.photos import photo
from tests.support.server import LiveServer

pytestmark = pytest.mark.browser

MARKDOWN = """# A heading

Some **bold**, *thin* and `code`, <b>no HTML</b>, and https://x.invalid/a?b=1&c=2

- one
- [two](https://x.invalid/two)

> quoted

```
if (x < 1) {
    return;
}
```"""

# Draws the conversation of the present page twice; returns [server's rows, script's rows].
DRAW_BOTH = """async (id) => {
  const script = document.querySelector("script[type=module][src$='/js/app.js']").src;
  const module = (path) => import(new URL(path, script));
  const { MessageRows } = await module("controllers/message_rows.js");
  const { localizeTimes } = await module("lib/time.js");
  const { findInHtml } = await module("lib/dom.js");
  const { getHtml, getJson } = await module("lib/http.js");

  const conversation = await getJson(`/api/chat/${id}`);
  const { items } = await getJson(`/api/chat/${id}/messages`, { limit: 100 });
  const me = { id: document.body.dataset.me, name: document.body.dataset.name };
  const options = { me, conversation: id, onRetry() {}, onDiscard() {} };

  // Both lists are arranged and put into the reader's time zone, as before_paint.js does.
  const sent = findInHtml(await getHtml(`/chats/${id}?newest`), "messages");
  localizeTimes(sent);
  new MessageRows(sent, options).arrange();

  const drawn = document.createElement("ol");
  const rows = new MessageRows(drawn, options);
  rows.updatePeople(conversation.participants, true);
  for (const message of items) rows.show(message);
  if (conversation.kind === "direct") {
    const other = conversation.participants.find((person) => person.id !== me.id);
    rows.markReadUpTo(other.last_read_seq);
  } else {
    rows.drawSeenBy();
  }
  rows.arrange();

  const normalise = (node) => {
    if (node.nodeType === Node.TEXT_NODE) {
      const text = node.parentElement.closest("pre") ? node.data : node.data.replace(/\\s+/g, " ");
      return text.trim() && text;
    }
    const attributes = [...node.attributes].map(({ name, value }) => {
      const words = name === "class" ? value.split(/\\s+/).filter(Boolean).sort().join(" ") : value;
      return `${name}=${JSON.stringify(words)}`;
    });
    const children = [...node.childNodes].map(normalise).filter(Boolean);
    return [[node.localName, ...attributes.sort()].join(" "), ...children];
  };
  const messages = (list) => [...list.querySelectorAll(":scope > .message")].map(normalise);
  return [messages(sent), messages(drawn)];
}"""


def assert_drawn_alike(person: BrowserPerson, conversation_id: int, count: int) -> list[Any]:
    """Compare both drawings of a conversation; return the server's rows."""
    person.go(conversation_id)
    sent, drawn = person.page.evaluate(DRAW_BOTH, conversation_id)
    assert len(sent) == len(drawn) == count
    for by_server, by_script in zip(sent, drawn, strict=True):
        assert by_script == by_server
    return list(sent)


def attributes(row: list[Any]) -> str:
    """A row's own tag with its classes and attributes."""
    return str(row[0])


def act(person: Person, method: str, path: str, **json: Any) -> None:
    answer = person.rest(method, path, **({"json": json} if json else {}))
    assert answer.ok, answer.text


def test_messages_between_two_people(server: LiveServer, new_person: NewPerson) -> None:
    """Plain, formatted, joined, replies, reactions, edited, deleted, emoji, links, receipts."""
    ada, ben = new_person("Ada Lovelace"), new_person("سارة")
    one, other = ada.known_as, ben.known_as
    picture = one.rest(
        "POST", "/api/pictures", files={"file": photo()}, data={"purpose": "profile"}
    ).json()
    act(one, "PATCH", "/api/users/me", profile_picture=picture["url"])
    id_ = one.opens(other)
    first = one.says(id_, "plain")
    one.says(id_, "and it goes on:\n    indented\nthird line")
    formatted = other.says(id_, MARKDOWN)
    one.says(id_, "a reply", reply_to=formatted["id"])
    doomed = other.says(id_, "not for long")
    one.says(id_, "a reply to what is deleted", reply_to=doomed["id"])
    other.says(id_, "a reply of the other", reply_to=first["id"])
    act(other, "DELETE", f"/api/messages/{doomed['id']}")
    edited = one.says(id_, "before")
    act(one, "PATCH", f"/api/messages/{edited['id']}", content="after **all**")
    other.says(id_, "🎉 👩🏽‍🚀")
    one.says(id_, "https://x.invalid/photo.jpg", type="image")
    other.says(id_, "صباح الخير! hello")
    reacted = other.says(id_, "reacted to")
    for person, emoji in ((one, "👍"), (other, "👍"), (other, "🎉")):
        act(person, "PUT", f"/api/messages/{reacted['id']}/reactions/{emoji}")
    act(other, "POST", f"/api/chat/{id_}/read", seq=reacted["seq"])
    one.says(id_, "not read yet")
    for person in (ada, ben):
        rows = assert_drawn_alike(person, id_, 13)
        assert "message--joined" in attributes(rows[1])
        assert "message--deleted" in attributes(rows[4])
        assert "message--emoji" in attributes(rows[8])
    states = ada.page.locator("#messages .message__ticks")
    assert states.first.get_attribute("data-state") == "read"


def test_messages_in_a_group(server: LiveServer, new_person: NewPerson) -> None:
    """System messages, mentions of the reader, of others and of @all, "Seen by"."""
    ada, ben, cleo = new_person("Ada"), new_person("Ben"), new_person("Cleo")
    one, other, third = ada.known_as, ben.known_as, cleo.known_as
    members = [other.id, third.id]
    group = one.rest("POST", "/api/groups", json={"name": "Crew", "members": members}).json()
    id_ = group["conversation_id"]
    one.says(id_, f"hello @{other.username}")
    mentioned = one.says(id_, f"and **@{third.username}**, and @all", mention_all=True)
    other.says(id_, "one answer", reply_to=mentioned["id"])
    last = other.says(id_, "another answer")
    act(one, "PUT", f"/api/messages/{mentioned['id']}/reactions/👍")
    act(third, "PUT", f"/api/messages/{mentioned['id']}/reactions/👍")
    act(one, "PATCH", f"/api/groups/{group['id']}", name="New crew")
    for person in (one, third):
        act(person, "POST", f"/api/chat/{id_}/read", seq=last["seq"])
    count = len(one.history(id_))
    for person in (ada, ben, cleo):
        rows = assert_drawn_alike(person, id_, count)
        assert any("message--system" in attributes(row) for row in rows)
    assert ada.page.locator(".mention").count() == 3
