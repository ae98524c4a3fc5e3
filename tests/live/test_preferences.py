"""Who hears of what one makes of a conversation."""

from __future__ import annotations

import pytest

from tests.support.cast import Pair

pytestmark = pytest.mark.live


def test_all_of_ones_own_connections_hear_of_it_and_nobody_elses(pair: Pair) -> None:
    first, second, bobs = pair.alice.wire(), pair.alice.wire(), pair.bob.wire()
    path = f"/api/chat/{pair.id}/preferences"
    answer = pair.alice.rest("PATCH", path, json={"notify": "none", "pinned": True})
    assert answer.status_code == 200, answer.text
    for wire in (first, second):
        assert wire.wait_for("preferences:updated") == answer.json()
    pair.alice.says(pair.id, "the end")
    bobs.wait_for("message:received")
    assert bobs.events("preferences:updated") == []
