"""Edits, deletions, replies and reactions."""

from __future__ import annotations

import pytest

from tests.support.groups import chat, code, say

pytestmark = pytest.mark.database


# -- edit, delete, reply, react
def test_edit_is_the_authors(world, heard):
    message = world.messages[0]
    path = f"/api/messages/{message['id']}"
    version = chat(world.alice, world.conversation_id)["version"]
    edited = world.alice.api.patch(path, {"content": "changed"}).get_json()
    assert (edited["content"], edited["seq"], edited["version"]) == ("changed", 1, version + 1)
    assert edited["edited_at"]
    assert code(world.bob.api.patch(path, {"content": "mine"})) == "forbidden"
    heard.clear()
    again = world.alice.api.patch(path, {"content": "changed"})
    assert (again.status_code, again.get_json()) == (200, edited)
    assert heard == []
    assert world.alice.api.patch(path, {"content": " "}).status_code == 422
    assert world.alice.api.patch(path, {"content": "x" * 10_001}).status_code == 422


def test_a_file_stays_an_address_when_it_is_edited(world, heard):
    path = f"/api/chat/{world.conversation_id}/messages"
    file = {"content": "https://example.org/a.png", "type": "image"}
    message = world.alice.api.post(path, file).get_json()
    heard.clear()
    path = f"/api/messages/{message['id']}"
    for bad in ("javascript:alert(1)", "just words"):
        answer = world.alice.api.patch(path, {"content": bad})
        assert (answer.status_code, set(answer.get_json()["error"]["fields"])) == (422, {"content"})
    assert heard == []
    edited = world.alice.api.patch(path, {"content": "https://example.org/b.png"}).get_json()
    assert edited["content"] == "https://example.org/b.png"


def test_a_deleted_messages_content_is_nowhere(app, world, heard):
    from chatapp.core.db import db
    from chatapp.models import Message

    message = say(world.alice, world.conversation_id, "regretted")
    path = f"/api/messages/{message['id']}"
    world.bob.api.put(f"{path}/reactions/👍")
    heard.clear()
    assert code(world.bob.api.delete(path)) == "forbidden"
    assert world.alice.api.delete(path).status_code == 204
    assert world.alice.api.delete(path).status_code == 204, "a second time changes nothing"
    assert [event.name for event in heard] == ["message:deleted"]
    gone = world.bob.api.get(path).get_json()
    assert (gone["content"], gone["media"], gone["reactions"]) == (None, None, [])
    assert gone["content_html"] is None
    assert gone["deleted_at"]
    assert heard[0].payload["content"] is None
    for answer in (
        world.bob.api.get(f"/api/chat/{world.conversation_id}/messages"),
        world.bob.api.get(f"/api/chat/{world.conversation_id}/changes"),
        world.bob.api.get("/api/chat"),
        world.bob.client.get(f"/chats/{world.conversation_id}"),
    ):
        assert "regretted" not in answer.text
    with app.app_context():
        assert db.session.get(Message, message["id"]).content is None
    assert code(world.alice.api.patch(path, {"content": "x"})) == "conflict"
    assert code(world.alice.api.put(f"{path}/reactions/👍")) == "conflict"


def test_owners_and_admins_delete_anyones_message_and_edit_none(world, crew):
    message = say(world.bob, crew["conversation_id"])
    path = f"/api/messages/{message['id']}"
    assert code(world.alice.api.patch(path, {"content": "x"})) == "forbidden"
    assert world.alice.api.delete(path).status_code == 204
    system = world.alice.api.get(f"/api/chat/{crew['conversation_id']}/messages").get_json()
    said = f"/api/messages/{system['items'][0]['id']}"
    assert code(world.alice.api.patch(said, {"content": "x"})) == "forbidden"


def test_replies(world, crew):
    first = world.messages[0]
    reply = say(world.bob, world.conversation_id, "re", reply_to=first["id"])
    assert reply["reply_to"] == first["id"]
    elsewhere = {"content": "re", "reply_to": first["id"]}
    answer = world.alice.api.post(f"/api/chat/{crew['conversation_id']}/messages", elsewhere)
    assert (answer.status_code, code(answer)) == (422, "validation_failed")


def test_reactions_one_per_person_and_emoji(world, heard):
    path = f"/api/messages/{world.messages[0]['id']}/reactions"
    first = world.bob.api.put(f"{path}/👍").get_json()
    assert first["reactions"] == [{"emoji": "👍", "count": 1, "user_ids": [world.bob.id]}]
    heard.clear()
    assert world.bob.api.put(f"{path}/👍").get_json() == first
    assert heard == []
    both = world.alice.api.put(f"{path}/👍").get_json()["reactions"]
    assert both == [{"emoji": "👍", "count": 2, "user_ids": [world.bob.id, world.alice.id]}]
    assert world.bob.api.delete(f"{path}/👍").get_json()["reactions"][0]["count"] == 1
    heard.clear()
    assert world.bob.api.delete(f"{path}/👍").status_code == 200
    assert heard == []
    for wrong in ("x", "👍👍", "%20"):
        assert world.bob.api.put(f"{path}/{wrong}").status_code == 422


@pytest.mark.slow
def test_a_message_takes_twenty_emoji(world):
    path = f"/api/messages/{world.messages[0]['id']}/reactions"
    emoji = [chr(0x1F600 + n) for n in range(21)]
    for one in emoji[:20]:
        assert world.bob.api.put(f"{path}/{one}").status_code == 200
    assert code(world.bob.api.put(f"{path}/{emoji[20]}")) == "conflict"
    joined = world.alice.api.put(f"{path}/{emoji[0]}")
    assert joined.status_code == 200, "one that stands takes more people"
    world.bob.api.delete(f"{path}/{emoji[1]}")
    assert world.bob.api.put(f"{path}/{emoji[20]}").status_code == 200
