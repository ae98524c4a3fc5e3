"""Two who change pictures at the same moment: whoever is told that it is theirs has it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.cast import Register
from tests.support.people import Person, at_once
from tests.support.photos import photo
from tests.support.server import LiveServer

pytestmark = [pytest.mark.live, pytest.mark.database]


@pytest.fixture(params=[40, pytest.param(200, marks=pytest.mark.long)])
def tries(request: pytest.FixtureRequest) -> int:
    """How often the race is run."""
    return int(request.param)


def upload(person: Person) -> str:
    answer = person.rest(
        "POST", "/api/pictures", data={"purpose": "group"}, files={"file": photo(size=(8, 8))}
    )
    assert answer.status_code == 201, answer.text
    return str(answer.json()["url"])


def changing(person: Person, group: str, given: str | None) -> Callable[[], int]:
    def change() -> int:
        path = f"/api/groups/{group}"
        return person.rest("PATCH", path, json={"group_picture": given}).status_code

    return change


def test_one_group_takes_what_another_drops(
    server: LiveServer,
    register: Register,
    tries: int,
    record_property: Callable[[str, object], None],
) -> None:
    alice = register(server, "Alice")
    first, second = (
        alice.rest("POST", "/api/groups", json={"name": name, "members": []}).json()["id"]
        for name in ("first", "second")
    )
    taken = 0
    for _ in range(tries):
        url = upload(alice)
        assert changing(alice, first, url)() == 200
        dropped, took = at_once([changing(alice, first, None), changing(alice, second, url)])
        assert dropped == 200
        assert (took, alice.rest("GET", url).status_code) in ((200, 200), (422, 404))
        taken += took == 200
        assert changing(alice, second, None)() == 200
        assert alice.rest("GET", url).status_code == 404, "nobody has it any more"
    record_property("figures", f"of {tries} pictures {taken} were taken in time")
