"""Who is mentioned, by whom it is seen, and who hears of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import func, select

from chatapp.auth.service_accounts import tokens
from chatapp.core.db import db
from chatapp.core.events import ClientEvent
from chatapp.models import Mention
from tests.support.mentions import group, large, says
from tests.support.world import Api, Person, register

pytestmark = pytest.mark.database


@pytest.fixture
def told(app) -> Iterator[list[tuple[str, frozenset[str], int]]]:
    """Whom `user:mentioned` was announced to, with who wrote and where."""
    heard: list[tuple[str, frozenset[str], int]] = []

    def note(announcement: ClientEvent) -> None:
        if announcement.name == "user:mentioned":
            payload = announcement.payload
            assert set(payload) == {"conversation_id", "message_id", "seq", "user_id"}
            heard.append((payload["user_id"], announcement.to.only, payload["seq"]))

    end = app.extensions["events"].subscribe(note)
    yield heard
    end()


def edits(person: Person, message: dict, content: str, status: int = 200, **more):
    answer = person.api.patch(f"/api/messages/{message['id']}", {"content": content, **more})
    assert answer.status_code == status, answer.text
    return answer.get_json()


def unread(person: Person, conversation_id: int) -> int:
    found = person.api.get(f"/api/chat/{conversation_id}").get_json()["unread_mentions"]
    listed = person.api.get("/api/chat").get_json()["items"]
    assert found == next(one for one in listed if one["id"] == conversation_id)["unread_mentions"]
    return int(found)


def test_members_are_mentioned_and_told(world, crew, told):
    sent = says(world.alice, crew, "Morning @Bob, and @carol. Where is @dave?")
    assert sent["mentions"] == sorted([world.bob.id, world.carol.id])
    assert sent["mentions_all"] is False
    assert sent["content"] == "Morning @Bob, and @carol. Where is @dave?"
    assert (
        f'<a class="mention" href="/people/{world.bob.id}" data-user="{world.bob.id}"'
        in (sent["content_html"])
    )
    assert told == [(world.alice.id, frozenset({world.bob.id, world.carol.id}), sent["seq"])]
    for person in (world.alice, world.bob, world.carol):
        assert person.api.get(f"/api/messages/{sent['id']}").get_json() == sent
        last = person.api.get(f"/api/chat/{crew}/messages").get_json()["items"][-1]
        changed = person.api.get(f"/api/chat/{crew}/changes", after_version=sent["version"] - 1)
        assert last == sent == changed.get_json()["messages"][-1]
    assert [unread(one, crew) for one in (world.alice, world.bob, world.carol)] == [0, 1, 1]


def test_only_the_other_one_to_one(world, told):
    id_ = world.conversation_id
    sent = says(world.alice, id_, "@bob @alice @carol @all")
    assert (sent["mentions"], sent["mentions_all"]) == ([world.bob.id], False)
    assert sent["content_html"].count("mention") == 1
    assert told == [(world.alice.id, frozenset({world.bob.id}), sent["seq"])]
    assert (unread(world.bob, id_), unread(world.alice, id_)) == (1, 0)


def test_oneself_is_marked_and_not_told(world, crew, told):
    sent = says(world.alice, crew, "@alice was here")
    assert sent["mentions"] == [world.alice.id]
    assert told == []
    assert unread(world.alice, crew) == 0


def test_a_stranger_and_whoever_left_are_not_mentioned(world, crew, told):
    before = says(world.alice, crew, "@carol, are you there?")
    groups = world.carol.api.get("/api/groups").get_json()["items"]
    world.carol.api.delete(f"/api/groups/{groups[0]['id']}/members/{world.carol.id}")
    after = says(world.alice, crew, "@carol is gone")
    assert (after["mentions"], after["content_html"]) == ([], None)
    assert len(told) == 1
    kept = world.bob.api.get(f"/api/messages/{before['id']}").get_json()
    assert kept == before, "who leaves stays mentioned"


def test_where_nothing_is_mentioned(world, crew):
    for words in (
        "mail me: me@bob",
        "`@bob`",
        "```\n@bob\n```",
        r"\@bob",
        "[@bob](https://x.org)",
        "https://x.org/@bob",
        "x.org/@bob",
        "@bob@x.org",
        "@bobby",
        "`@all`",
        "me@all",
    ):
        sent = says(world.alice, crew, words)
        assert (sent["mentions"], sent["mentions_all"]) == ([], False), words
    file = says(world.alice, crew, "https://x.org/?@bob", type="image")
    assert file["mentions"] == []


def test_a_name_may_end_like_a_sentence(app, world):
    dotted = register(app, "bobs")
    assert dotted.api.patch("/api/users/me", {"username": "bob."}).status_code == 200
    with_both = group(world.alice, world.bob, dotted)
    assert says(world.alice, with_both, "Hi @bob.")["mentions"] == [dotted.id]
    assert says(world.alice, with_both, "Hi @bob..")["mentions"] == [dotted.id]
    assert says(world.alice, with_both, "Hi @bob!")["mentions"] == [world.bob.id]
    with_one = group(world.alice, world.bob)
    assert says(world.alice, with_one, "Hi @bob.-.")["mentions"] == [world.bob.id]


def test_whoever_is_renamed_stays_who_was_meant(app, world, crew):
    """Also when somebody else takes the name."""
    sent = says(world.alice, crew, "Ask @bob")
    change = {"username": "bobby", "name": "Robert"}
    assert world.bob.api.patch("/api/users/me", change).status_code == 200
    assert world.carol.api.patch("/api/users/me", {"username": "bob"}).status_code == 200
    now = world.alice.api.get(f"/api/messages/{sent['id']}").get_json()
    assert (now["content"], now["mentions"]) == ("Ask @bob", [world.bob.id])
    assert ">@Robert</a>" in now["content_html"]
    assert world.carol.id not in now["content_html"]
    again = says(world.alice, crew, "Ask @bob")
    assert again["mentions"] == [world.carol.id]


def test_everybody_in_a_group(world, crew, told):
    sent = says(world.alice, crew, "Lunch, @ALL?")
    assert (sent["mentions"], sent["mentions_all"]) == ([], True)
    assert '<span class="mention" data-user="all">@all</span>' in sent["content_html"]
    assert told == [(world.alice.id, frozenset({world.bob.id, world.carol.id}), sent["seq"])]
    both = says(world.bob, crew, "@all and @alice")
    assert both["mentions"] == [world.alice.id]
    assert (unread(world.alice, crew), unread(world.carol, crew)) == (1, 2), "each message once"


def test_reading_takes_the_number_down(world, crew):
    first = says(world.alice, crew, "@bob one")
    says(world.alice, crew, "two")
    last = says(world.alice, crew, "@all three")
    assert unread(world.bob, crew) == 2
    world.bob.api.post(f"/api/chat/{crew}/read", {"seq": first["seq"]})
    assert unread(world.bob, crew) == 1
    world.bob.api.post(f"/api/chat/{crew}/read", {"seq": last["seq"]})
    assert unread(world.bob, crew) == 0


def test_an_edit_decides_anew(world, crew, told):
    sent = says(world.alice, crew, "Ask @bob")
    told.clear()
    edited = edits(world.alice, sent, "Ask @bob or @carol")
    assert edited["mentions"] == sorted([world.bob.id, world.carol.id])
    assert told == [(world.alice.id, frozenset({world.carol.id}), sent["seq"])], "the new one"
    edits(world.alice, sent, "Ask @carol")
    assert (unread(world.bob, crew), unread(world.carol, crew)) == (0, 1)
    everybody = edits(world.alice, sent, "Ask @all")
    assert (everybody["mentions"], everybody["mentions_all"]) == ([], True)
    assert told[1:] == [(world.alice.id, frozenset({world.bob.id}), sent["seq"])]
    edits(world.alice, sent, "Ask @all, @bob")
    assert len(told) == 2, "who was told with all is not told again"
    nobody = edits(world.alice, sent, "Ask")
    assert (nobody["mentions"], nobody["mentions_all"]) == ([], False)
    assert (unread(world.bob, crew), unread(world.carol, crew)) == (0, 0)


def test_deleting_takes_it_back(app, world, crew):
    for words in ("@bob", "@all"):
        sent = says(world.alice, crew, words)
        assert unread(world.bob, crew) == 1
        assert world.alice.api.delete(f"/api/messages/{sent['id']}").status_code == 204
        assert unread(world.bob, crew) == 0
        gone = world.bob.api.get(f"/api/messages/{sent['id']}").get_json()
        assert (gone["mentions"], gone["mentions_all"]) == ([], False)
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Mention)) == 0


def test_whoever_blocked_the_author_is_not_told(world, crew, told):
    world.bob.api.post(f"/api/users/{world.alice.id}/block")
    named = says(world.alice, crew, "@bob @carol")
    assert named["mentions"] == sorted([world.bob.id, world.carol.id]), "the author sees nothing"
    everybody = says(world.alice, crew, "@all")
    only_carol = frozenset({world.carol.id})
    assert told == [(world.alice.id, only_carol, one["seq"]) for one in (named, everybody)]
    assert (unread(world.bob, crew), unread(world.carol, crew)) == (0, 2)
    says(world.carol, crew, "@bob, look")
    assert unread(world.bob, crew) == 1
    world.bob.api.delete(f"/api/users/{world.alice.id}/block")
    assert unread(world.bob, crew) == 3


@pytest.mark.slow
def test_all_of_twenty_without_asking_and_of_more_with(app, world, told):
    twenty = large(app, world.alice, 20, world.bob)
    says(world.alice, twenty, "@all")
    one_more = register(app, "onemore")
    groups = world.alice.api.get("/api/groups").get_json()["items"]
    added = world.alice.api.post(
        f"/api/groups/{groups[0]['id']}/members", {"user_ids": [one_more.id]}
    )
    assert added.status_code == 200
    told.clear()
    before = world.alice.api.get(f"/api/chat/{twenty}").get_json()

    refused = says(world.alice, twenty, "Now, @all.", 422, client_id="a")["error"]
    assert refused["code"] == "validation_failed"
    assert "20 people" in refused["fields"]["mention_all"]
    after = world.alice.api.get(f"/api/chat/{twenty}").get_json()
    assert after == before, "nothing is stored"
    assert told == []
    assert says(world.alice, twenty, "`@all` is how", client_id="b")["mentions_all"] is False

    sent = says(world.alice, twenty, "Now, @all.", client_id="a", mention_all=True)
    assert sent["mentions_all"] is True
    assert [len(people) for _, people, _ in told] == [20]
    again = says(world.alice, twenty, "Now, @all.", 200, client_id="a")
    assert again["id"] == sent["id"], "a repeat needs no confirmation"
    assert says(world.bob, twenty, "no one", mention_all=True)["mentions_all"] is False


@pytest.mark.slow
def test_an_edit_that_brings_all_in_asks_too(app, world):
    many = large(app, world.alice, 21)
    sent = says(world.alice, many, "hello")
    assert "mention_all" in edits(world.alice, sent, "@all", 422)["error"]["fields"]
    assert world.alice.api.get(f"/api/messages/{sent['id']}").get_json() == sent
    assert edits(world.alice, sent, "@all", mention_all=True)["mentions_all"] is True
    assert edits(world.alice, sent, "@all, once more")["mentions_all"] is True, "they know"


def test_services_mention_too(app, world, crew, told):
    with app.app_context():
        token = tokens.create_service_token("crm", ["chat:write"])
    sent = Api(app, token).call(
        "POST",
        f"/api/chat/{crew}/messages",
        {"content": "@bob"},
        headers={"On-Behalf-Of": world.alice.id},
    )
    assert sent.get_json()["mentions"] == [world.bob.id]
    assert len(told) == 1


@pytest.mark.slow
def test_the_page_asks_and_keeps_what_was_typed(app, world):
    many = large(app, world.alice, 21)
    path = f"/chats/{many}"
    asked = world.alice.client.submit(path, content="Now, @all")
    assert asked.status_code == 422
    assert "This will notify 20 people" in asked.text
    assert "Now, @all</textarea>" in asked.text
    assert 'name="mention_all"' in asked.text
    sent = world.alice.client.submit(path, content="Now, @all", mention_all="true")
    assert sent.status_code == 303
    last = world.alice.api.get(f"{path.replace('/chats', '/api/chat')}/messages").get_json()
    assert last["items"][-1]["mentions_all"] is True
