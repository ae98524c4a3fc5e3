"""Groups on a live server: made and changed over REST, watched over sockets."""

from __future__ import annotations

from typing import Any

from tests.support.people import Person
from tests.support.wire import Wire

Json = dict[str, Any]


def versioned(wire: Wire, id_: int) -> list[tuple[str, int]]:
    """The events of one conversation that carry a version, as they came."""
    return [
        (event, payload["version"])
        for event, payload in wire.log
        if event.split(":")[0] in ("message", "conversation")
        and isinstance(payload, dict)
        and id_ in (payload.get("conversation_id"), payload.get("id"))
        and "version" in payload
    ]


def make_group(owner: Person, *members: Person) -> Json:
    body = {"name": "Crew", "members": [member.id for member in members]}
    answer = owner.rest("POST", "/api/groups", json=body)
    assert answer.status_code == 201, answer.text
    group: Json = answer.json()
    return group


def view(wire: Wire, id_: int) -> None:
    assert wire.call("conversation:join", {"conversation_id": id_})["ok"]


def user_events(wire: Wire, person: Person) -> list[str]:
    """The user: events about this person, as they came."""
    return [
        event
        for event, payload in wire.log
        if event.startswith("user:") and payload["user_id"] == person.id
    ]


def add(owner: Person, group: Json, person: Person) -> None:
    path = f"/api/groups/{group['id']}/members"
    answer = owner.rest("POST", path, json={"user_ids": [person.id]})
    assert answer.status_code == 200, answer.text


def remove(owner: Person, group: Json, person: Person) -> None:
    answer = owner.rest("DELETE", f"/api/groups/{group['id']}/members/{person.id}")
    assert answer.status_code == 204, answer.text


def heard_of(wire: Wire, id_: int) -> list[tuple[str, Any]]:
    return [
        (event, payload)
        for event, payload in wire.log
        if event != "ack"
        and isinstance(payload, dict)
        and id_ in (payload.get("conversation_id"), payload.get("id"))
    ]
