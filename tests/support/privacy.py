"""What people hide, and what others then see."""

from __future__ import annotations

from typing import Any

from tests.support.switchboard import Line, Switchboard
from tests.support.world import Person

Json = dict[str, Any]


def hides(person: Person, **what: bool) -> None:
    answer = person.api.patch("/api/users/me", what)
    assert answer.status_code == 200, answer.text


def says(person: Person, conversation_id: int, text: str = "…") -> Json:
    sent = person.api.post(f"/api/chat/{conversation_id}/messages", {"content": text})
    assert sent.status_code == 201, sent.text
    return sent.get_json()


def reads(person: Person, conversation_id: int, seq: int = 999) -> None:
    assert person.api.post(f"/api/chat/{conversation_id}/read", {"seq": seq}).status_code == 204


def group(*people: Person) -> int:
    body = {"name": "Crew", "members": [person.id for person in people[1:]]}
    made = people[0].api.post("/api/groups", body)
    assert made.status_code == 201, made.text
    id_: int = made.get_json()["conversation_id"]
    return id_


def conversation(person: Person, conversation_id: int) -> Json:
    return person.api.get(f"/api/chat/{conversation_id}").get_json()


def read_seqs(person: Person, conversation_id: int) -> list[int]:
    """Of which messages this person is told that they were read, over every door alike."""
    page = person.api.get(f"/api/chat/{conversation_id}/messages").get_json()["items"]
    found = [message["seq"] for message in page if message["read_at"]]
    changes = person.api.get(f"/api/chat/{conversation_id}/changes", after_version=0).get_json()
    assert [one["seq"] for one in changes["messages"] if one["read_at"]] == sorted(found)
    for message in page:
        alone = person.api.get(f"/api/messages/{message['id']}").get_json()
        assert alone["read_at"] == message["read_at"]
    for answer in (changes["conversation"], conversation(person, conversation_id)):
        last = answer["last_message"]
        assert bool(last["read_at"]) == (last["seq"] in found)
    listed = person.api.get("/api/chat").get_json()["items"]
    (last,) = [one["last_message"] for one in listed if one["id"] == conversation_id]
    assert bool(last["read_at"]) == (last["seq"] in found)
    return found


def line(board: Switchboard, person: Person) -> Line:
    opened = Line(board, person)
    opened.inbox.clear()
    return opened


def heard(lines: dict[str, Line], event: str) -> dict[str, list[Json]]:
    """What each heard of this event since the last time, by name."""
    found = {
        name: [payload for what, payload in one.inbox if what == event]
        for name, one in lines.items()
    }
    for one in lines.values():
        one.inbox.clear()
    return {name: payloads for name, payloads in found.items() if payloads}
