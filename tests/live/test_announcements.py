"""A group in which only owners and admins write, over sockets."""

from __future__ import annotations

import pytest

from tests.support.cast import Pair
from tests.support.errors import ack_error
from tests.support.live_groups import make_group, user_events, view
from tests.support.people import Person

pytestmark = pytest.mark.live


def test_those_who_only_read_are_told_and_are_not_seen_typing(pair: Pair, carol: Person) -> None:
    group = make_group(pair.alice, pair.bob, carol)
    id_ = group["conversation_id"]
    alice, bob, carols = pair.alice.wire(), pair.bob.wire(), carol.wire()
    for wire in (alice, bob, carols):
        view(wire, id_)
    path = f"/api/groups/{group['id']}"
    pair.alice.rest("PATCH", path, json={"announcements_only": True})
    updated = bob.wait_for("conversation:updated")
    assert updated["announcements_only"] is True
    told = bob.wait_for("message:received", lambda message: message["type"] == "system")
    assert told["content"] == f"{pair.alice.name} now lets only admins write"

    refused = bob.call("message:send", {"conversation_id": id_, "content": "may I?"})
    assert ack_error(refused)["code"] == "forbidden"
    assert ack_error(bob.call("typing:start", {"conversation_id": id_}))["code"] == "forbidden"
    assert bob.call("typing:stop", {"conversation_id": id_})["ok"]
    assert alice.call("typing:start", {"conversation_id": id_})["ok"]
    assert alice.call("message:send", {"conversation_id": id_, "content": "news"})["ok"]
    news = bob.wait_for("message:received", lambda message: message["content"] == "news")
    emoji = {"message_id": news["id"], "emoji": "👍"}
    assert bob.call("reaction:add", emoji)["ok"]
    carols.wait_for("message:reacted")
    assert "user:typing" in user_events(carols, pair.alice)
    assert "user:typing" not in user_events(carols, pair.bob)
