"""Who is mentioned, by whom it is seen, and who hears of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import func, select, text

from chatapp.auth.service_accounts import tokens
from chatapp.conversation.append import Draft, append_messages
from chatapp.core.db import db
from chatapp.core.events import ClientEvent
from chatapp.models import Mention, Message
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


@pytest.fixture
def crew(world) -> int:
    """A group of Alice, Bob and Carol."""
    return group(world.alice, world.bob, world.carol)


def group(owner: Person, *others: Person) -> int:
    made = owner.api.post("/api/groups", {"name": "Crew", "members": [one.id for one in others]})
    assert made.status_code == 201, made.text
    id_: int = made.get_json()["conversation_id"]
    return id_


def large(app, owner: Person, members: int, *others: Person) -> int:
    """A group of so many members."""
    more = [register(app, f"extra{number}") for number in range(members - 1 - len(others))]
    return group(owner, *others, *more)


def says(person: Person, conversation_id: int, content: str, status: int = 201, **more):
    body = {"content": content, **more}
    answer = person.api.post(f"/api/chat/{conversation_id}/messages", body)
    assert answer.status_code == status, answer.text
    return answer.get_json()


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


# -- what it costs


def test_sending_reads_once_more_and_only_with_an_at(app, world, crew, statements):
    def count(*contents: str) -> int:
        with app.app_context(), statements() as texts:
            append_messages([Draft(crew, world.alice.id, words) for words in contents])
        return len([one for one in texts if one.startswith("SELECT")])

    count("warm")
    plain = count("hello")
    assert count("hello @nobody") == plain + 1
    assert count("hello @bob and @all") == plain + 1
    assert count("me@bob") == plain, "no name, no look"
    assert count(*["hello @bob"] * 50) == count(*["hello"] * 50) + 1


def test_reading_costs_nothing_without_an_at(app, world, crew, statements):
    def count() -> int:
        with statements() as texts:
            world.bob.api.get(f"/api/chat/{crew}/messages")
        return len(texts)

    says(world.alice, crew, "hello")
    plain = count()
    for _ in range(3):
        says(world.alice, crew, "hello @bob")
    assert count() == plain + 1


@pytest.mark.slow
def test_the_list_costs_as_much_for_fifty_as_for_two(app, world, statements):
    def count() -> int:
        with statements() as texts:
            listed = world.bob.api.get("/api/chat", limit=200).get_json()["items"]
        assert all(one["unread_mentions"] == 1 for one in listed if one["kind"] == "group")
        return len(texts)

    for _ in range(2):
        says(world.alice, group(world.alice, world.bob), "@bob")
    few = count()
    for number in range(48):
        says(world.alice, group(world.alice, world.bob), "@all" if number % 2 else "@bob")
    assert count() == few


def test_unread_mentions_of_all_are_found_by_index(app, world, crew):
    """However many messages are unread, those with @all are looked up."""
    with app.app_context():
        explain = "EXPLAIN " if db.engine.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN "
        statement = select(Message.seq).where(
            Message.conversation_id == crew, Message.seq > 0, Message.mentions_all
        )
        compiled = statement.compile(db.engine, compile_kwargs={"literal_binds": True})
        if db.engine.dialect.name == "postgresql":
            db.session.execute(text("SET enable_seqscan = off"))
        plan = str(db.session.execute(text(explain + str(compiled))).all())
    assert "ix_messages_mentions_all" in plan


# -- members, to complete names from


def test_members_by_name(app, world, crew):
    found = world.alice.api.get(f"/api/chat/{crew}/members").get_json()
    assert [one["name"] for one in found["items"]] == ["Alice", "Bob", "Carol"]
    assert found["next_cursor"] is None
    assert found["items"][0]["member_role"] == "owner"
    assert found["items"][1]["member_role"] == "member"
    assert not {"email", "phone_number", "last_read_seq"} & set(found["items"][0])


def test_members_by_the_beginning_of_a_word(app, world):
    ada = register(app, "ada.k")
    assert ada.api.patch("/api/users/me", {"name": "Countess Lovelace_"}).status_code == 200
    id_ = group(world.alice, world.bob, ada)

    def named(q: str) -> list[str]:
        items = world.alice.api.get(f"/api/chat/{id_}/members", q=q).get_json()["items"]
        return [one["name"] for one in items]

    assert (
        named("love")
        == named("ADA.")
        == named("count")
        == named("lovelace_")
        == ["Countess Lovelace_"]
    )
    assert named("ove") == named("%") == named("_") == named("carol") == []
    assert named("") == ["Alice", "Bob", "Countess Lovelace_"]


def test_members_in_pages(app, world):
    many = large(app, world.alice, 8)
    names, cursor = [], None
    while True:
        query = {"cursor": cursor} if cursor else {}
        page = world.alice.api.get(f"/api/chat/{many}/members", limit=3, **query).get_json()
        names += [one["name"] for one in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert names == ["Alice", *(f"extra{number}" for number in range(7))]


def test_members_are_for_members(world, crew):
    assert world.carol.api.get(f"/api/chat/{world.conversation_id}/members").status_code == 404
    assert world.alice.api.get("/api/chat/999999/members").status_code == 404
