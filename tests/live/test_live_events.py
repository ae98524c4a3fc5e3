"""What others notice at once: changes in order, typing, views, presence; and what a block hides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chatapp.realtime import presence, typing
from tests.support.cast import Pair
from tests.support.live_groups import make_group, user_events, versioned, view
from tests.support.people import Person
from tests.support.relaxed import shortened
from tests.support.server import LiveServer
from tests.support.waiting import at_most, wait_until

pytestmark = pytest.mark.live

Json = dict[str, Any]


@pytest.fixture(scope="module")
def server(new_server: Callable[..., LiveServer]) -> LiveServer:
    """A server on which presence and typing end sooner than in truth."""
    return new_server(
        **shortened(
            **{
                "chatapp.realtime.presence.OFFLINE_AFTER_SECONDS": 2.5,
                "chatapp.realtime.typing.TYPING_TTL_SECONDS": 2.5,
            }
        )
    )


def test_presence_and_typing_last_as_long_as_documented() -> None:
    """`test_cookie_sees_who_comes_and_goes` waits for the real end of presence."""
    assert presence.OFFLINE_AFTER_SECONDS == 5
    assert typing.TYPING_TTL_SECONDS == 6


def test_every_change_reaches_every_member_in_the_order_of_versions(
    pair: Pair, carol: Person
) -> None:
    listeners = [one.wire() for one in (pair.alice, pair.bob, pair.bob, carol)]
    group = make_group(pair.alice, pair.bob)
    id_ = group["conversation_id"]
    line = pair.alice.wire()
    message = pair.alice.says(id_, "first")
    ref = {"message_id": message["id"]}
    assert line.call("message:edit", {**ref, "content": "second"})["message"]["version"] == 4
    assert line.call("reaction:add", {**ref, "emoji": "👍"})["message"]["version"] == 5
    pair.alice.rest("PATCH", f"/api/groups/{group['id']}", json={"name": "Band"})
    pair.alice.rest("POST", f"/api/groups/{group['id']}/members", json={"user_ids": [carol.id]})
    assert line.call("message:delete", ref)["message"]["content"] is None
    wanted = [
        ("conversation:created", 1),
        ("message:received", 2),
        ("message:received", 3),
        ("message:edited", 4),
        ("message:reacted", 5),
        ("conversation:updated", 6),
        ("message:received", 7),
        ("conversation:updated", 8),
        ("message:received", 9),
        ("message:deleted", 10),
    ]
    for listener in listeners[:3]:
        listener.wait_for("message:deleted")
        assert versioned(listener, id_) == wanted
    listeners[3].wait_for("message:deleted")
    assert versioned(listeners[3], id_) == [("conversation:created", 8), *wanted[8:]]
    edited, reacted, deleted = (
        listeners[1].events(f"message:{name}")[0] for name in ("edited", "reacted", "deleted")
    )
    assert (edited["content"], reacted["reactions"][0]["user_ids"]) == ("second", [pair.alice.id])
    assert (deleted["content"], deleted["reactions"]) == (None, [])
    for _, payload in listeners[1].log:
        assert "unread_count" not in str(payload)


def test_what_changes_nothing_is_heard_by_nobody(pair: Pair) -> None:
    message = pair.alice.says(pair.id, "first")
    line, listener = pair.alice.wire(), pair.bob.wire()
    ref = {"message_id": message["id"]}
    for event, payload in (
        ("message:edit", {**ref, "content": "first"}),
        ("reaction:remove", {**ref, "emoji": "👍"}),
        ("message:delete", ref),
        ("message:delete", ref),
    ):
        assert line.call(event, payload)["ok"]
    pair.alice.says(pair.id, "the end")
    listener.wait_for("message:received", lambda one: one["content"] == "the end")
    assert [event for event, _ in versioned(listener, pair.id)] == [
        "message:deleted",
        "message:received",
    ]


def test_typing_is_for_those_who_view(pair: Pair) -> None:
    viewing, elsewhere, typing = pair.bob.wire(), pair.bob.wire(), pair.alice.wire()
    view(viewing, pair.id)
    for event in ("typing:start", "typing:stop"):
        assert typing.call(event, {"conversation_id": pair.id}) == {"ok": True}
    wanted = {"conversation_id": pair.id, "user_id": pair.alice.id, "name": "Alice"}
    assert viewing.wait_for("user:typing") == wanted
    assert viewing.wait_for("user:stopped-typing") == wanted
    for line in (elsewhere, typing):
        line.settle()
        assert line.events("user:typing") == []
    assert viewing.call("conversation:leave", {"conversation_id": pair.id})["ok"]
    typing.call("typing:start", {"conversation_id": pair.id})
    viewing.settle()
    assert len(viewing.events("user:typing")) == 1


def test_typing_ends_by_itself_and_with_the_connection(pair: Pair, carol: Person) -> None:
    group = make_group(pair.alice, pair.bob, carol)
    id_ = group["conversation_id"]
    viewing = pair.bob.wire()
    view(viewing, id_)
    left, stays = pair.alice.wire(), carol.wire()
    for line in (stays, left):
        line.call("typing:start", {"conversation_id": id_})
    viewing.wait_for_many("user:typing", 2)
    left.close()
    viewing.wait_for("user:stopped-typing", lambda one: one["user_id"] == carol.id, at_most(9))
    ended = [one["user_id"] for one in viewing.events("user:stopped-typing")]
    assert ended == [pair.alice.id, carol.id], "who began last ended first, with the connection"


def test_views_open_and_close_with_the_first_and_last_connection(pair: Pair) -> None:
    viewing, first, second = pair.bob.wire(), pair.alice.wire(), pair.alice.wire()
    view(viewing, pair.id)
    wanted = {"conversation_id": pair.id, "user_id": pair.alice.id, "name": "Alice"}
    view(first, pair.id)
    assert viewing.wait_for("user:joined") == wanted
    view(second, pair.id)
    first.call("conversation:leave", {"conversation_id": pair.id})
    viewing.settle()
    assert (len(viewing.events("user:joined")), viewing.events("user:left")) == (1, [])
    second.close()
    assert viewing.wait_for("user:left") == wanted


def test_presence_with_two_connections_and_grace(pair: Pair) -> None:
    watching = pair.bob.wire()
    first, second = pair.alice.wire(), pair.alice.wire()
    watching.wait_for("user:online", lambda one: one["user_id"] == pair.alice.id)
    first.close()
    second.close()
    third = pair.alice.wire()
    wait_until(lambda: pair.bob.get(f"/api/users/{pair.alice.id}")["online"], "back")
    third.close()
    offline = watching.wait_for(
        "user:offline", lambda one: one["user_id"] == pair.alice.id, timeout=at_most(12)
    )
    assert offline["last_seen"]
    assert user_events(watching, pair.alice) == ["user:online", "user:offline"]
    seen = pair.bob.get(f"/api/users/{pair.alice.id}")
    assert (seen["online"], seen["last_seen"]) == (False, offline["last_seen"])


def test_coming_and_going_is_told_to_ones_contacts(
    pair: Pair, carol: Person, person: Callable[[str], Person]
) -> None:
    dora = person("Dora")
    for one, other in ((pair.alice, carol), (dora, pair.alice), (pair.alice, dora)):
        answer = one.rest("POST", "/api/contacts", json={"user_id": other.id})
        assert answer.status_code == 201, answer.text
    assert dora.rest("POST", f"/api/users/{pair.alice.id}/block").status_code == 204
    watching = {one.id: one.wire() for one in (pair.bob, carol, dora)}
    line = pair.alice.wire()
    for one in (pair.bob, carol):
        watching[one.id].wait_for("user:online", lambda it: it["user_id"] == pair.alice.id)
    line.close()
    for one in (pair.bob, carol):
        watching[one.id].wait_for(
            "user:offline", lambda it: it["user_id"] == pair.alice.id, timeout=at_most(12)
        )
        assert user_events(watching[one.id], pair.alice) == ["user:online", "user:offline"]
    watching[dora.id].settle()
    assert user_events(watching[dora.id], pair.alice) == [], "a block wins"
    assert user_events(watching[pair.bob.id], carol) == [], "strangers hear nothing"


def test_a_block_hides_typing_views_presence_and_receipts(pair: Pair, carol: Person) -> None:
    both = pair.bob.opens(carol)
    pair.alice.says(pair.id, "read me")
    assert pair.alice.rest("POST", f"/api/users/{pair.bob.id}/block").status_code == 204
    hidden = {}
    for me, other in ((pair.alice, pair.bob), (pair.bob, pair.alice)):
        watching = me.wire()
        view(watching, pair.id)
        hidden[me.id] = (watching, other)
    line = pair.bob.wire()
    view(line, pair.id)
    line.call("typing:start", {"conversation_id": pair.id})
    line.call("message:read", {"conversation_id": pair.id, "seq": 1})
    line.call("conversation:leave", {"conversation_id": pair.id})
    line.call("message:send", {"conversation_id": both, "content": "the end"})
    for watching, other in hidden.values():
        watching.settle()
        assert user_events(watching, other) == []
    assert hidden[pair.alice.id][0].events("message:read") == []
    for me, other in ((pair.alice, pair.bob), (pair.bob, pair.alice)):
        seen = me.get(f"/api/users/{other.id}")
        assert (seen["online"], seen["last_seen"]) == (None, None)


def test_a_block_hides_how_what_began_before_it_ends(pair: Pair) -> None:
    alices, bobs = pair.alice.wire(), pair.bob.wire()
    for line in (alices, bobs):
        view(line, pair.id)
        line.call("typing:start", {"conversation_id": pair.id})
    for line in (alices, bobs):
        line.settle()
    counts = [(line, len(line.log)) for line in (alices, bobs)]
    assert pair.alice.rest("POST", f"/api/users/{pair.bob.id}/block").status_code == 204
    for line in (alices, bobs):
        line.call("typing:stop", {"conversation_id": pair.id})
        line.call("conversation:leave", {"conversation_id": pair.id})
    for line, count in counts:
        line.settle()
        assert [event for event, _ in line.log[count:] if event.startswith("user:")] == []


@pytest.fixture
def hook(app: Any) -> Any:
    """Adds a hook to this process, until the test ends."""
    from chatapp.realtime import hooks

    added: list[tuple[Any, Callable[..., None]]] = []

    def add(moment: str, function: Callable[..., None]) -> None:
        getattr(hooks, moment)(function)
        added.append((getattr(hooks, moment), function))

    yield add
    for moment, function in added:
        moment.functions.remove(function)


def test_a_failing_and_a_slow_hook_harm_nobody(app: Any, hook: Any) -> None:
    import threading

    from chatapp.realtime import hooks

    run, end, slow_began = threading.Event(), threading.Event(), threading.Event()

    def fails(connection: Any) -> None:
        raise ZeroDivisionError

    def slow(connection: Any) -> None:
        slow_began.set()
        end.wait(30)

    for moment in ("before_connect", "after_connect", "before_disconnect", "after_disconnect"):
        run.clear()
        hook(moment, fails)
        hook(moment, slow)
        hook(moment, lambda connection: run.set())
        only = hooks.Hooks(moment)
        only.functions = getattr(hooks, moment).functions[-3:]
        only.run(app, object())  # type: ignore[arg-type]
        assert run.wait(10), "neither kept it"
        assert slow_began.wait(10)
    end.set()
