"""Many writers at once in one conversation, edits over REST between: one order for everybody."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from tests.support.cast import Pair
from tests.support.live_groups import make_group, versioned
from tests.support.people import Person, at_once

pytestmark = [pytest.mark.live, pytest.mark.database]

MOST_TRIES = 5


def persist(person: Person, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """The answer, after a bounded number of tries where the server says that it is busy."""
    for _ in range(MOST_TRIES):
        answer = person.rest(method, path, json=body)
        if answer.status_code != 503:
            break
    assert answer.status_code in (200, 201), answer.text
    found: dict[str, Any] = answer.json()
    return found


def write(person: Person, id_: int, number: int) -> dict[str, Any]:
    """Write once, and have second thoughts about every fifth message."""
    path = f"/api/chat/{id_}/messages"
    message = persist(person, "POST", path, {"content": f"{number}", "client_id": f"{number}"})
    if number % 5 == 0:
        path = f"/api/messages/{message['id']}"
        message = persist(person, "PATCH", path, {"content": f"{number}, or so"})
    return message


@pytest.mark.parametrize("writers", [150, pytest.param(500, marks=pytest.mark.long)])
def test_writers_and_edits_make_one_log(pair: Pair, carol: Person, writers: int) -> None:
    people = (pair.alice, pair.bob, carol)
    id_ = make_group(pair.alice, pair.bob, carol)["conversation_id"]
    before = pair.bob.get(f"/api/chat/{id_}")
    listeners = [pair.bob.wire(), carol.wire()]

    tasks = [partial(write, people[n % 3], id_, n) for n in range(writers)]
    written = at_once(tasks, workers=writers)

    history = pair.bob.history(id_)
    assert [one["seq"] for one in history] == list(range(1, before["last_seq"] + writers + 1))
    assert {one["id"]: one["version"] for one in written}.items() <= {
        one["id"]: one["version"] for one in history
    }.items()
    after = pair.bob.get(f"/api/chat/{id_}")
    changes = writers + writers // 5
    assert after["version"] == before["version"] + changes
    wanted = list(range(before["version"] + 1, after["version"] + 1))
    for listener in listeners:
        listener.wait_for_many("message:received", writers)
        listener.wait_for_many("message:edited", writers // 5)
        assert [version for _, version in versioned(listener, id_)] == wanted
        seqs = [one["seq"] for one in listener.events("message:received")]
        assert seqs == sorted(set(seqs))
