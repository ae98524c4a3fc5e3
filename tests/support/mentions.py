"""Messages with mentions, in this process."""

from __future__ import annotations

from tests.support.world import Person, register


def group(owner: Person, *others: Person) -> int:
    made = owner.api.post("/api/groups", {"name": "Crew", "members": [one.id for one in others]})
    assert made.status_code == 201, made.text
    id_: int = made.get_json()["conversation_id"]
    return id_


def large(app, owner: Person, members: int, *others: Person) -> int:
    """A group of so many members."""
    more = [register(app, f"extra{number}") for number in range(members - 1 - len(others))]
    return group(owner, *others, *more)


def says(person: Person, conversation_id: int, content: str, status: int = 201, **more):
    body = {"content": content, **more}
    answer = person.api.post(f"/api/chat/{conversation_id}/messages", body)
    assert answer.status_code == status, answer.text
    return answer.get_json()
