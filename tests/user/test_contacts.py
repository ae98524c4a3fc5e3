"""Contacts, blocks and what one may know of a person: Alice, Bob, and Carol, a stranger."""

from __future__ import annotations

import threading
from collections import Counter

import pytest
from sqlalchemy import select

from chatapp.core.cursors import encode_cursor
from chatapp.core.db import atomic, db
from chatapp.models import Contact, User
from chatapp.user.relationships import add_contact, block
from tests.support.errors import rest_error
from tests.support.world import PASSWORD, register

pytestmark = pytest.mark.database

NOBODY = "00000000-0000-4000-8000-000000000000"


def names(person, path="/api/contacts", **query):
    items = person.api.get(path, **query).get_json()["items"]
    return [item["user"]["name"] for item in items]


def adds(person, other):
    answer = person.api.post("/api/contacts", {"user_id": other.id})
    assert answer.status_code in (200, 201), answer.text
    return answer


def test_a_contact_is_added_once_listed_and_removed(world):
    first = adds(world.alice, world.carol)
    again = adds(world.alice, world.carol)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.get_json() == again.get_json()
    contact = first.get_json()
    assert set(contact) == {"user", "created_at"}
    assert contact["user"]["id"] == world.carol.id
    assert world.alice.api.get("/api/contacts").get_json()["items"] == [contact]
    assert names(world.carol) == [], "one-way"
    for _ in range(2):
        assert world.alice.api.delete(f"/api/contacts/{world.carol.id}").status_code == 204
        assert names(world.alice) == []
    assert adds(world.alice, world.carol).status_code == 201


def test_people_who_cannot_be_added(world):
    assert world.bob.api.delete("/api/users/me", {"password": PASSWORD}).status_code == 204
    for user_id in (world.alice.id, world.bob.id, NOBODY, "x", None, 7):
        error = rest_error(world.alice.api.post("/api/contacts", {"user_id": user_id}))
        assert error["code"] == "validation_failed", user_id
        assert set(error["fields"]) == {"user_id"}
    assert rest_error(world.alice.api.post("/api/contacts", {}))["fields"]
    assert world.alice.api.delete(f"/api/contacts/{NOBODY}").status_code == 204


def test_a_block_hides_a_contact_and_keeps_it(world):
    adds(world.alice, world.bob)
    adds(world.bob, world.alice)
    assert world.bob.api.post(f"/api/users/{world.alice.id}/block").status_code == 204
    for one, other in ((world.alice, world.bob), (world.bob, world.alice)):
        assert names(one) == []
        refused = one.api.post("/api/contacts", {"user_id": other.id})
        assert rest_error(refused)["code"] == "forbidden"
        assert one.api.get(f"/api/users/{other.id}").get_json()["online"] is None
    world.bob.api.delete(f"/api/users/{world.alice.id}/block")
    assert names(world.alice) == ["Bob"]
    assert names(world.bob) == ["Alice"]


@pytest.mark.slow
def test_contacts_are_sorted_paged_and_searchable(app, world):
    people = [register(app, name) for name in ("Zoe", "Adam", "Mia")]
    for person in (*people, world.bob):
        adds(world.alice, person)
    assert names(world.alice) == ["Adam", "Bob", "Mia", "Zoe"]
    first = world.alice.api.get("/api/contacts", limit=3).get_json()
    rest = world.alice.api.get("/api/contacts", limit=3, cursor=first["next_cursor"]).get_json()
    assert [item["user"]["name"] for item in first["items"] + rest["items"]] == names(world.alice)
    assert rest["next_cursor"] is None
    assert names(world.alice, q="A") == ["Adam", "Mia"]
    cursor = world.alice.api.get("/api/contacts", cursor="x")
    assert rest_error(cursor)["code"] == "validation_failed"


@pytest.mark.slow
def test_lists_take_as_many_statements_for_fifty_as_for_one(app, world, statements):
    adds(world.alice, world.bob)
    world.alice.api.post(f"/api/users/{world.carol.id}/block")

    def counted(path):
        with statements() as texts:
            assert world.alice.api.get(path).status_code == 200
        return len(texts)

    paths = ("/api/contacts", "/api/blocks", "/api/users")
    before = [counted(path) for path in paths]
    with app.app_context():
        with atomic() as work:
            many = [User(username=f"many{number}", name=f"Many {number}") for number in range(50)]
            work.add_all(many)
        for number, user in enumerate(many):
            (add_contact if number % 2 else block)(world.alice.id, user.id)
    assert [counted(path) for path in paths] == before


def test_deleted_accounts_are_removed_from_contacts(app, world):
    adds(world.alice, world.bob)
    adds(world.bob, world.carol)
    adds(world.alice, world.carol)
    assert world.bob.api.delete("/api/users/me", {"password": PASSWORD}).status_code == 204
    with app.app_context():
        rows = db.session.execute(select(Contact.user_id, Contact.contact_id)).all()
        assert [tuple(row) for row in rows] == [(world.alice.id, world.carol.id)]


@pytest.mark.slow
def test_concurrent_adds_create_one_contact(app, world):
    pairs = [(world.alice, world.carol), (world.carol, world.alice), (world.bob, world.carol)]
    for one, other in pairs:
        outcomes: Counter[object] = Counter()
        start = threading.Barrier(8)

        def add(one=one, other=other, outcomes=outcomes, start=start):
            with app.app_context():
                start.wait()
                for _ in range(5):
                    try:
                        outcomes[add_contact(one.id, other.id)[1]] += 1
                    except Exception as exc:
                        outcomes[repr(exc)] += 1
                db.session.remove()

        threads = [threading.Thread(target=add) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert outcomes == {True: 1, False: 39}
        assert names(one) == [other.name]


def test_concurrent_blocks_are_one(app, world):
    failures: list[BaseException] = []
    start = threading.Barrier(8)

    def blocks():
        with app.app_context():
            start.wait()
            try:
                block(world.alice.id, world.bob.id)
            except BaseException as exc:
                failures.append(exc)
            db.session.remove()

    threads = [threading.Thread(target=blocks) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert names(world.alice, "/api/blocks") == ["Bob"]


def test_the_list_of_blocks(app, world):
    dora = register(app, "Dora")
    for other in (world.bob, world.carol, dora):
        world.alice.api.post(f"/api/users/{other.id}/block")
    dora.api.post(f"/api/users/{world.alice.id}/block")
    first = world.alice.api.get("/api/blocks", limit=2).get_json()
    rest = world.alice.api.get("/api/blocks", limit=2, cursor=first["next_cursor"]).get_json()
    items = first["items"] + rest["items"]
    assert [item["user"]["name"] for item in items] == ["Dora", "Carol", "Bob"]
    assert {item["user"]["online"] for item in items} == {None}
    assert items == sorted(items, key=lambda item: item["created_at"], reverse=True)
    assert names(dora, "/api/blocks") == ["Alice"]
    assert names(world.bob, "/api/blocks") == [], "who blocks one is not told"
    world.alice.api.delete(f"/api/users/{world.carol.id}/block")
    carol, bob = world.carol, world.bob
    assert bob.api.delete("/api/users/me", {"password": PASSWORD}).status_code == 204
    assert names(world.alice, "/api/blocks") == ["Dora"]
    assert carol.api.get(f"/api/users/{world.alice.id}").status_code == 200


PRIVATE = {"email", "phone_number", "is_active", "is_staff", "is_superuser"}


def test_private_fields_are_for_the_owner_and_administrators(app, world):
    world.bob.api.patch("/api/users/me", {"phone_number": "+1 555 0100"})
    with app.app_context(), atomic() as work:
        work.get_one(User, world.carol.id).is_staff = True
    adds(world.alice, world.bob)
    adds(world.carol, world.bob)
    path = f"/api/users/{world.bob.id}"

    def listed(person, at="/api/users"):
        items = person.api.get(at).get_json()["items"]
        return [item.get("user", item) for item in items]

    alices = [world.alice.api.get(path).get_json(), *listed(world.alice)]
    alices += listed(world.alice, "/api/contacts")
    assert len(alices) == 4
    for profile in alices:
        assert not PRIVATE & set(profile)
    carols = [world.carol.api.get(path).get_json(), *listed(world.carol)]
    carols += listed(world.carol, "/api/contacts")
    for profile in (*carols, world.bob.api.get(path).get_json()):
        assert set(profile) >= PRIVATE
        assert profile["email"] in (world.alice.email, world.bob.email)
        assert profile["is_staff"] is False
    assert carols[0]["phone_number"] == "+1 555 0100"


@pytest.fixture
def here(app):
    """`here(person)` is online, until the test ends."""
    came = []
    presence = app.extensions["presence"]

    def come(person):
        presence.add(person.id, person.name)
        came.append(person)

    yield come
    for person in came:
        presence.remove(person.id, person.name)
        presence.expire(person.id, person.name)


def sees(viewer, other):
    """What each list says of whether the other is here, which must be the same everywhere."""
    found = [viewer.api.get(f"/api/users/{other.id}").get_json()["online"]]
    for path in ("/api/users", "/api/contacts"):
        for item in viewer.api.get(path).get_json()["items"]:
            user = item.get("user", item)
            if user["id"] == other.id:
                found.append(user["online"])
    assert len(set(found)) == 1, found
    return found[0]


@pytest.mark.slow
def test_presence_is_visible_to_contacts_and_conversation_partners(world, here):
    alice, bob, carol = world.alice, world.bob, world.carol
    for person in (alice, bob, carol):
        here(person)
    assert sees(alice, bob) is sees(bob, alice) is True
    assert sees(carol, alice) is sees(alice, carol) is None
    adds(carol, alice)
    assert sees(alice, carol) is True, "Carol has her among her contacts"
    assert sees(carol, alice) is None, "but not the other way round"
    alice.api.post(f"/api/users/{carol.id}/block")
    assert sees(alice, carol) is sees(carol, alice) is None
    alice.api.delete(f"/api/users/{carol.id}/block")
    assert sees(alice, carol) is True
    carol.api.delete(f"/api/contacts/{alice.id}")
    assert sees(alice, carol) is None


def test_presence_ends_with_the_conversation(world, here):
    here(world.carol)
    group = world.alice.api.post(
        "/api/groups", {"name": "Crew", "members": [world.carol.id]}
    ).get_json()
    assert sees(world.alice, world.carol) is True
    assert sees(world.bob, world.carol) is None
    world.alice.api.delete(f"/api/groups/{group['id']}/members/{world.carol.id}")
    assert sees(world.alice, world.carol) is None


@pytest.mark.parametrize("key", [["a", "b"], ["a", 5], [5, NOBODY], ["\ud800", NOBODY]])
def test_an_invalid_cursor_is_refused(world, key):
    cursor = encode_cursor(key)
    for path in ("/api/users", "/api/contacts"):
        answer = world.alice.api.get(path, cursor=cursor)
        assert answer.status_code == 422
        assert set(answer.get_json()["error"]["fields"]) == {"cursor"}
