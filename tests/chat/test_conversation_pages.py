"""Conversations as pages: paging, reading, writing by form."""

from __future__ import annotations

import re

import pytest
from markupsafe import escape

from tests.support.html import Page
from tests.support.messages import say

pytestmark = pytest.mark.database


@pytest.mark.slow
def test_a_page_shows_forty_messages_and_a_way_to_older_ones(world):
    say(world.bob, world.conversation_id, *[f"number {n}" for n in range(4, 51)])
    page = world.alice.client.page(f"/chats/{world.conversation_id}?newest").text + " "
    assert "number 50 " in page
    assert "number 11 " in page
    assert "number 10 " not in page
    older = world.alice.client.page(f"/chats/{world.conversation_id}?before=11").text + " "
    assert "number 10 " in older
    assert "number 11 " not in older
    assert "Hello Bob" in older


@pytest.mark.parametrize("query", ["before=0", "before=1", "after=3", "after=99", "around=99"])
def test_beyond_the_ends_is_the_newest_page(world, query):
    page = world.alice.client.page(f"/chats/{world.conversation_id}?{query}").text
    assert "Hello Bob" in page
    assert "Lunch?" in page


def test_seeing_the_newest_page_is_reading_seeing_an_older_one_is_not(world):
    say(world.bob, world.conversation_id, "unread")
    path = f"/api/chat/{world.conversation_id}"
    world.alice.client.page(f"/chats/{world.conversation_id}?before=2")
    assert world.alice.api.get(path).get_json()["unread_count"] == 1
    world.alice.client.page(f"/chats/{world.conversation_id}")
    assert world.alice.api.get(path).get_json()["unread_count"] == 0


def shown(html: str) -> list[int]:
    """The places of the messages on a page, with a 0 for the "New" line."""
    return [
        int(seq or 0)
        for seq in re.findall(r'id="(?:m([0-9]+)|new)"', html.partition("<template")[0])
    ]


@pytest.mark.slow
def test_more_unread_than_a_page_holds_opens_at_the_first(world):
    id_, path = world.conversation_id, f"/chats/{world.conversation_id}"
    world.alice.client.page(path)
    say(world.bob, id_, *[f"number {n}" for n in range(4, 44)])
    assert shown(world.alice.client.page(path).html) == [0, *range(4, 44)], "forty fit"
    say(world.bob, id_, *[f"number {n}" for n in range(44, 85)])

    assert f'href="{path}#new"' in world.alice.client.page("/chats").html
    page = world.alice.client.page(path)
    assert shown(page.html) == [*range(24, 44), 0, *range(44, 64)]
    assert "41 new" in page.text
    assert world.alice.api.get(f"/api/chat/{id_}").get_json()["unread_count"] == 41
    (onward,) = re.findall(r'rel="next" href="([^"]+)"', page.html)
    assert shown(world.alice.client.page(onward).html) == list(range(64, 85))
    assert world.alice.api.get(f"/api/chat/{id_}").get_json()["unread_count"] == 0


@pytest.mark.slow
def test_the_newest_is_one_step_away(world):
    id_, path = world.conversation_id, f"/chats/{world.conversation_id}"
    say(world.bob, id_, *[f"number {n}" for n in range(4, 84)])
    (newest,) = re.findall(r'id="jump" href="([^"]+)"', world.alice.client.page(path).html)
    assert shown(world.alice.client.page(newest).html) == list(range(44, 84))
    assert world.alice.api.get(f"/api/chat/{id_}").get_json()["unread_count"] == 0


def test_writing_by_form_and_once_only(world):
    client, path = world.alice.client, f"/chats/{world.conversation_id}"
    form = client.page(path).form(path)
    for _ in range(2):  # a double click, or going back and sending again
        sent = client.post(path, data={**form.fields, "content": "by form"})
        assert sent.status_code == 303
    items = world.bob.api.get(f"/api{path.replace('chats', 'chat')}/messages").get_json()["items"]
    assert [message["content"] for message in items].count("by form") == 1


def test_a_form_that_cant_be_sent_keeps_the_text(world):
    client, path = world.alice.client, f"/chats/{world.conversation_id}"
    text = "long " * 2001
    answer = client.submit(path, content=text)
    assert answer.status_code == 422
    assert "at most 10,000 characters" in answer.text
    assert Page(answer.text).form(path).fields["content"].strip() == text.strip()


def test_markup_in_what_people_write_stays_text(world):
    say(world.alice, world.conversation_id, "<script>alert(1)</script>", "</textarea><b>x</b>")
    page = world.bob.client.get(f"/chats/{world.conversation_id}").text
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "<b>x</b>" not in page


@pytest.mark.parametrize(
    ("said", "seen"),
    [
        ("*yes* and `no`\n\n- one\n- [two](https://x.invalid)", "yes and no one two"),
        ("a &lt; b & **c** < d", "a &lt; b & c < d"),
        ("`<b>bold</b>`", "<b>bold</b>"),
        ("---", "---"),
        ("two\nlines", "two lines"),
    ],
)
def test_the_list_shows_words_without_marks(world, said, seen):
    world.bob.api.post(f"/api/chat/{world.conversation_id}/messages", {"content": said})
    page = world.alice.client.get("/chats/sidebar").text
    assert (
        f'<span class="conversation-link__preview truncate" dir="auto">{escape(seen)}</span>'
        in page
    )
    reply = world.alice.client.get(f"/chats/{world.conversation_id}?reply=4").text
    assert f"<b>Reply to Bob</b> <span>{escape(seen)}</span>" in reply


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"content": "x", "reply_to": "nothing"}, "This isn&#39;t an id."),
        ({"content": "x", "client_id": "x" * 65}, "At most 64 characters, please."),
    ],
)
def test_whatever_a_form_is_refused_for_is_said(world, fields, said):
    path = f"/chats/{world.conversation_id}"
    answer = world.alice.client.submit(path, **fields)
    assert answer.status_code == 422
    assert said in answer.text


def test_messaging_a_person_from_the_directory(world):
    sent = world.carol.client.submit("/people", f"/people/{world.bob.id}/message")
    assert sent.status_code == 303
    assert world.carol.client.get(sent.headers["Location"]).status_code == 200


@pytest.mark.parametrize("what", ["edit", "delete", "react"])
def test_a_message_is_acted_on_in_its_own_conversation_only(world, what):
    other = world.alice.api.post("/api/chat", {"participant_ids": [world.carol.id]}).get_json()
    message, body = world.messages[0], {"content": "changed", "emoji": "👍"}
    form = world.alice.client.page(f"/chats/{world.conversation_id}").form("")
    for id_, status in ((other["id"], 404), (world.conversation_id, 303)):
        path = f"/chats/{id_}/messages/{message['id']}/{what}"
        answer = world.alice.client.post(path, data={**form.fields, **body})
        assert answer.status_code == status, answer.text
        now = world.alice.api.get(f"/api/messages/{message['id']}").get_json()
        assert (now["version"] == message["version"]) == (status == 404)


def test_carol_finds_nothing_of_theirs(world):
    path = f"/chats/{world.conversation_id}"
    assert world.carol.client.get(path).status_code == 404
    missing = world.carol.client.get("/chats/999999")
    assert missing.status_code == 404
    assert "Hello Bob" not in world.carol.client.get("/chats").text
    for id_ in (2**31, 2**63, 10**30, 0):
        assert world.carol.client.get(f"/chats/{id_}").status_code == 404
        assert world.carol.api.get(f"/api/chat/{id_}/changes").status_code == 404
        assert world.carol.api.post(f"/api/chat/{id_}/read", {"seq": 1}).status_code == 404


def test_a_body_is_read_only_once_it_is_known_whose_it_is(app, world):
    from tests.support.world import Api

    for path in ("/api/chat", f"/api/chat/{world.conversation_id}/messages"):
        assert Api(app, None).post(path, {"content": 5}).status_code == 401
    query = Api(app, None).get(f"/api/chat/{world.conversation_id}/messages", before="x")
    assert query.status_code == 401


def test_every_answer_carries_the_security_headers(app, world):
    answers = [
        world.alice.client.get("/chats"),
        app.test_client().get("/"),
        app.test_client().get("/nowhere"),
        app.test_client().get("/api/users/me"),
        app.test_client().get("/static/x/js/app.js"),
    ]
    for answer in answers:
        policy = answer.headers["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert "default-src 'none'" in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answers[0].headers["Cache-Control"] == "no-store"
