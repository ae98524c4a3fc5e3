"""Names from right to left leave the text around them in its order."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from tests.support.browser_person import NewPerson

pytestmark = pytest.mark.browser

ARABIC, HEBREW = "محمد", "דנה"

#: Where in ``element`` the drawn words begin, in the order in which they are drawn.
DRAWN = """(element, words) => {
  const nodes = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  const left = new Map();
  for (let node; (node = nodes.nextNode()); )
    for (const word of words) {
      const at = node.data.indexOf(word);
      if (at < 0 || left.has(word)) continue;
      const range = document.createRange();
      range.setStart(node, at);
      range.setEnd(node, at + word.length);
      left.set(word, range.getBoundingClientRect().left);
    }
  return [...left].sort((one, other) => one[1] - other[1]).map(([word]) => word);
}"""


def drawn(element: Locator, *words: str) -> list[str]:
    """These words of it, as they stand from left to right."""
    return list(element.evaluate(DRAWN, list(words)))


def test_names_from_right_to_left_stand_in_their_place(new_person: NewPerson) -> None:
    ada = new_person("Ada")
    mohammed, dana = new_person(ARABIC), new_person(HEBREW)
    members = [mohammed.known_as.id, dana.known_as.id]
    crew = ada.known_as.rest("POST", "/api/groups", json={"name": "Crew", "members": members})
    id_ = crew.json()["conversation_id"]
    ada.go(id_)
    ada.say("All here?")
    mohammed.go(id_)
    seen = ada.messages.last.locator(".message__seen")
    expect(seen).to_contain_text(ARABIC)
    dana.go(id_)
    expect(seen).to_contain_text(HEBREW)
    first, second = sorted((ARABIC, HEBREW), key=seen.inner_text().index)
    in_order = ["Seen by", first, ",", second]
    assert drawn(seen, *in_order) == in_order  # as it came live

    ada.page.reload()
    expect(seen).to_contain_text(HEBREW)
    first, second = sorted((ARABIC, HEBREW), key=seen.inner_text().index)
    in_order = ["Seen by", first, ",", second]
    assert drawn(seen, *in_order) == in_order  # as the server drew it

    dana.composer.press_sequentially("hm")
    mohammed.composer.press_sequentially("hm")
    status = ada.page.locator("#status")
    expect(status).to_contain_text("are typing")
    typing = status.inner_text()
    first, second = sorted((ARABIC, HEBREW), key=typing.index)
    assert drawn(status, first, "and", second, "are") == [first, "and", second, "are"]
