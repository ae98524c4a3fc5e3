"""Groups over REST and by forms, as a person in this process."""

from __future__ import annotations

from typing import Any

from werkzeug.test import TestResponse

from tests.support.world import Person

Json = dict[str, Any]


def make(owner: Person, *members: Person, name: str = "Crew") -> Json:
    answer = owner.api.post(
        "/api/groups", {"name": name, "members": [person.id for person in members]}
    )
    assert answer.status_code == 201, answer.text
    return answer.get_json()


def add(actor: Person, group: Json, *people: Person) -> Any:
    ids = [person.id for person in people]
    return actor.api.post(f"/api/groups/{group['id']}/members", {"user_ids": ids})


def remove(actor: Person, group: Json, person: Person) -> Any:
    return actor.api.delete(f"/api/groups/{group['id']}/members/{person.id}")


def promote(actor: Person, group: Json, person: Person, role: str) -> Any:
    path = f"/api/groups/{group['id']}/members/{person.id}"
    return actor.api.patch(path, {"member_role": role})


def roles(viewer: Person, group: Json) -> dict[str, str]:
    members = viewer.api.get(f"/api/groups/{group['id']}").get_json()["members"]
    return {one["name"]: one["member_role"] for one in members}


def chat(viewer: Person, id_: int) -> Json:
    return viewer.api.get(f"/api/chat/{id_}").get_json()


def say(person: Person, id_: int, content: str = "hi", **more: Any) -> Json:
    answer = person.api.post(f"/api/chat/{id_}/messages", {"content": content, **more})
    assert answer.status_code in (200, 201), answer.text
    return answer.get_json()


def code(answer: Any) -> str:
    return answer.get_json()["error"]["code"]


def block(one: Person, other: Person) -> None:
    assert one.api.post(f"/api/users/{other.id}/block").status_code == 204


def post(person: Person, path: str, **fields: Any) -> TestResponse:
    token = person.client.page("/people").csrf_token
    return person.client.post(path, data={"csrf_token": token, **fields})


def flashed(person: Person, answer: TestResponse) -> str:
    """The page that the answer leads to."""
    assert answer.status_code == 303, answer.text
    return person.client.page(answer.location).text
