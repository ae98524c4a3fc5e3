"""Groups in which only owners and admins write, from each one's side and over every door."""

from __future__ import annotations

from typing import Any

import pytest

from chatapp.conversation.append import Draft, append_messages
from chatapp.conversation.changes import changes_since
from tests.support.concurrent import Beside
from tests.support.groups import Json, add, chat, code, make, promote, say
from tests.support.world import Person, World

pytestmark = pytest.mark.usefixtures("world")

SENTENCE = "Only owners and admins can write in this group."


@pytest.fixture
def board(world: World) -> Json:
    """Alice's group for announcements, with Bob in it."""
    group = make(world.alice, world.bob, name="Board")
    switch(world.alice, group, True)
    return group


def switch(actor: Person, group: Json, on: Any) -> Any:
    return actor.api.patch(f"/api/groups/{group['id']}", {"announcements_only": on})


def send(person: Person, group: Json, content: str = "hi", **more: Any) -> Any:
    path = f"/api/chat/{group['conversation_id']}/messages"
    return person.api.post(path, {"content": content, **more})


def test_owners_and_admins_switch_it_and_everybody_is_told(world):
    group = make(world.alice, world.bob, name="Board")
    assert group["announcements_only"] is False
    assert code(switch(world.bob, group, True)) == "forbidden"
    assert code(switch(world.carol, group, True)) == "not_found"
    for wrong in (None, "yes", 1):
        assert switch(world.alice, group, wrong).status_code == 422
    before = chat(world.bob, group["conversation_id"])

    promote(world.alice, group, world.bob, "admin")
    version = chat(world.bob, group["conversation_id"])["version"]
    assert switch(world.bob, group, True).get_json()["announcements_only"] is True
    after = chat(world.bob, group["conversation_id"])
    assert (before["announcements_only"], after["announcements_only"]) == (False, True)
    assert after["version"] == version + 2, "the switch, and the message that says so"
    last = after["last_message"]
    assert (last["type"], last["content"]) == ("system", "Bob now lets only admins write")
    switch(world.bob, group, True)
    assert chat(world.bob, group["conversation_id"])["version"] == after["version"], "no change"
    switch(world.alice, group, False)
    last = chat(world.bob, group["conversation_id"])["last_message"]
    assert last["content"] == "Alice now lets everyone write"


def test_a_plain_member_reads_and_reacts_and_keeps_what_is_theirs(world):
    group = make(world.alice, world.bob, name="Board")
    early = say(world.bob, group["conversation_id"], "early", client_id="early")
    switch(world.alice, group, True)
    news = say(world.alice, group["conversation_id"], "news")
    before = chat(world.bob, group["conversation_id"])

    answer = send(world.bob, group)
    assert (answer.status_code, code(answer)) == (403, "forbidden")
    assert SENTENCE in answer.get_json()["error"]["message"]
    assert code(send(world.bob, group, reply_to=news["id"])) == "forbidden"
    assert code(send(world.carol, group)) == "not_found"
    assert chat(world.bob, group["conversation_id"]) == before

    repeat = send(world.bob, group, "early", client_id="early")
    assert (repeat.status_code, repeat.get_json()["id"]) == (200, early["id"])
    message = f"/api/messages/{early['id']}"
    assert world.bob.api.put(f"/api/messages/{news['id']}/reactions/👍").status_code == 200
    assert world.bob.api.patch(message, {"content": "earlier"}).status_code == 200
    assert world.bob.api.delete(message).status_code == 204
    assert (
        world.bob.api.post(
            f"/api/chat/{group['conversation_id']}/read", {"seq": news["seq"]}
        ).status_code
        == 204
    )

    promote(world.alice, group, world.bob, "admin")
    assert send(world.bob, group).status_code == 201
    promote(world.alice, group, world.bob, "member")
    assert code(send(world.bob, group)) == "forbidden"
    switch(world.alice, group, False)
    assert send(world.bob, group).status_code == 201


@pytest.mark.database
def test_it_is_decided_where_messages_are_stored(app, world, board, statements):
    """With the membership that is read under the lock, and without a statement more."""
    open_group = make(world.alice, world.bob)
    drafts = [
        Draft(group["conversation_id"], person.id, "x")
        for group in (open_group, board)
        for person in (world.alice, world.bob)
    ]
    with app.app_context():
        with statements() as for_anyone:
            append_messages(drafts[:1])
        with statements() as for_few:
            append_messages(drafts[2:3])
        outcomes = append_messages(drafts)
    assert len(for_anyone) == len(for_few)
    assert [type(one).__name__ for one in outcomes] == ["Stored", "Stored", "Stored", "Forbidden"]


@pytest.mark.database
def test_whoever_waited_while_it_was_switched_on_may_not_write(app, world):
    group = make(world.alice, world.bob, name="Board")
    from chatapp.conversation.access import lock_conversations
    from chatapp.core.db import atomic

    with app.app_context(), atomic() as work:
        held = lock_conversations(work, [group["conversation_id"]])
        draft = Draft(group["conversation_id"], world.bob.id, "too late")
        waiting = Beside(app, lambda: append_messages([draft]))
        held[group["conversation_id"]].announcements_only = True
        work.flush()
    (outcome,) = waiting.answer()
    assert type(outcome).__name__ == "Forbidden"


def test_the_page_says_so_in_the_place_of_the_composer(world, board):
    path = f"/chats/{board['conversation_id']}"
    for person, reads_only in ((world.alice, False), (world.bob, True)):
        page = person.client.page(path)
        assert (" data-read-only>" in page.html) is reads_only
        assert SENTENCE in page.text
    assert world.carol.client.get(path).status_code == 404
    answer = world.bob.client.submit(path, content="Could I just say")
    assert answer.status_code == 403
    assert SENTENCE in answer.text
    assert ">\nCould I just say</textarea>" in answer.text, "what was typed isn't lost"
    assert " data-read-only>" not in answer.text, "nor hidden"


def test_whoever_catches_up_learns_of_it(app, world, board):
    with app.app_context():
        changes = changes_since(world.bob.id, board["conversation_id"], 0)
    assert changes["conversation"]["announcements_only"] is True
    listed = world.bob.api.get("/api/groups").get_json()["items"]
    assert [one["announcements_only"] for one in listed] == [True]
    add(world.alice, board, world.carol)
    assert code(send(world.carol, board)) == "forbidden", "newcomers are plain members"
