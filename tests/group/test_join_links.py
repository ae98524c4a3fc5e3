"""Links by which people join a group: who makes them, where they lead, when they count no more."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from itsdangerous import URLSafeSerializer

from chatapp.core.db import atomic, now
from chatapp.models import GroupLink
from tests.support.groups import (
    Json,
    add,
    block,
    chat,
    code,
    flashed,
    make,
    post,
    promote,
    remove,
    roles,
    say,
)
from tests.support.pages import PageClient
from tests.support.server import SECRET_KEY
from tests.support.world import Person, World, register

pytestmark = pytest.mark.database

WEEK = timedelta(days=7)


@pytest.fixture
def crew(world: World) -> Json:
    """Alice's group with Bob in it."""
    return make(world.alice, world.bob)


def new_link(person: Person, group: Json, **body: Any) -> Json:
    answer = person.api.post(f"/api/groups/{group['id']}/links", body)
    assert answer.status_code == 201, answer.text
    return answer.get_json()


def links(person: Person, group: Json) -> list[Json]:
    return person.api.get(f"/api/groups/{group['id']}/links").get_json()["items"]


def withdraw(person: Person, group: Json, link: Json) -> Any:
    return person.api.delete(f"/api/groups/{group['id']}/links/{link['id']}")


def join(person: Person, link: Json | str) -> Any:
    token = link if isinstance(link, str) else link["token"]
    return person.api.post("/api/groups/join", {"token": token})


def expire(app, link: Json) -> None:
    with app.app_context(), atomic() as work:
        work.get_one(GroupLink, link["id"]).expires_at = now()


# -- making them


def test_a_link_is_its_id_signed_and_counts_for_a_week(app, world, crew):
    link = new_link(world.alice, crew)
    assert (link["uses"], link["most_uses"], link["created_by"]) == (0, None, world.alice.id)
    base = app.config["SETTINGS"].base_url
    assert link["link"] == f"{base}/join/{link['token']}"
    assert URLSafeSerializer(SECRET_KEY, salt="group-link").loads(link["token"]) == link["id"]
    with app.app_context():
        from chatapp.core.db import db

        stored = db.session.get_one(GroupLink, link["id"])
        assert timedelta(0) <= now() + WEEK - stored.expires_at < timedelta(minutes=1)
    assert links(world.alice, crew) == [link], "owners and admins see it again, to copy"
    forever = new_link(world.alice, crew, expires_in=None, uses=3)
    assert (forever["expires_at"], forever["most_uses"]) == (None, 3)
    for wrong in ({"uses": 0}, {"expires_in": 1}, {"uses": "many"}, {"expires_in": 10**9}):
        answer = world.alice.api.post(f"/api/groups/{crew['id']}/links", wrong)
        assert answer.status_code == 422


def test_links_are_the_owners_and_admins(world, crew):
    link = new_link(world.alice, crew)
    path = f"/api/groups/{crew['id']}/links"
    for person, said in ((world.bob, "forbidden"), (world.carol, "not_found")):
        assert code(person.api.get(path)) == said
        assert code(person.api.post(path, {})) == said
        assert code(withdraw(person, crew, link)) == said
    promote(world.alice, crew, world.bob, "admin")
    assert len(links(world.bob, crew)) == 1
    other = make(world.bob)
    assert code(withdraw(world.bob, other, link)) == "not_found", "a link of another group"
    assert withdraw(world.bob, crew, link).status_code == 204
    assert withdraw(world.bob, crew, link).status_code == 204
    assert links(world.alice, crew) == []


@pytest.mark.slow
def test_a_group_has_no_more_than_fifty(app, world, crew):
    made = [new_link(world.alice, crew) for _ in range(50)]
    answer = world.alice.api.post(f"/api/groups/{crew['id']}/links", {})
    assert (answer.status_code, code(answer)) == (409, "conflict")
    withdraw(world.alice, crew, made[0])
    new_link(world.alice, crew)
    assert len(links(world.alice, crew)) == 50


# -- joining


def test_whoever_has_a_link_joins_and_everybody_is_told(world, crew):
    say(world.bob, crew["conversation_id"], "before")
    link = new_link(world.alice, crew)
    version = chat(world.alice, crew["conversation_id"])["version"]
    answer = join(world.carol, link)
    assert answer.status_code == 200
    assert {one["name"] for one in answer.get_json()["members"]} == {"Alice", "Bob", "Carol"}
    assert roles(world.alice, crew)["Carol"] == "member"
    found = chat(world.carol, crew["conversation_id"])
    assert found["version"] == version + 2
    assert found["last_message"]["content"] == "Carol joined with a link"
    assert found["last_message"]["sender_id"] == world.carol.id
    assert links(world.alice, crew)[0]["uses"] == 1


def test_whoever_is_in_it_already_uses_nothing_up(app, world, crew):
    link = new_link(world.alice, crew, uses=1)
    promote(world.alice, crew, world.bob, "admin")
    before = chat(world.alice, crew["conversation_id"])
    for person in (world.alice, world.bob):
        assert join(person, link).get_json()["id"] == crew["id"]
    assert chat(world.alice, crew["conversation_id"]) == before
    assert roles(world.alice, crew)["Bob"] == "admin"
    assert links(world.alice, crew)[0]["uses"] == 0
    expire(app, link)
    assert join(world.bob, link).status_code == 200, "they are in, whatever the link is worth"


@pytest.mark.slow
def test_links_that_count_no_more_say_why(app, world, crew):
    dave = register(app, "Dave")
    used, late, gone = (new_link(world.alice, crew, uses=1) for _ in range(3))
    assert join(world.carol, used).status_code == 200
    expire(app, late)
    withdraw(world.alice, crew, gone)
    assert links(world.alice, crew) == [], "those that count are listed"
    before = chat(world.alice, crew["conversation_id"])
    for link, why in ((used, "used as often"), (late, "expired"), (gone, "revoked")):
        answer = join(dave, link)
        assert (answer.status_code, code(answer)) == (404, "not_found")
        message = answer.get_json()["error"]["message"]
        assert why in message
        assert "Ask someone in the group for a new one." in message
        page = dave.client.get(f"/join/{link['token']}")
        assert page.status_code == 404
        assert why in page.text
        assert "Crew" not in page.text, "nor does it tell what group it was"
        assert post(dave, f"/join/{link['token']}").status_code == 404
    assert chat(world.alice, crew["conversation_id"]) == before


def test_unknown_forged_and_cut_off_are_alike(world, crew):
    link = new_link(world.alice, crew)
    nobodys = "00000000-0000-4000-8000-000000000000"
    signer = URLSafeSerializer(SECRET_KEY, salt="group-link")
    tokens = [
        signer.dumps(nobodys),
        signer.dumps([link["id"]]),
        signer.dumps(None),
        URLSafeSerializer("not the key of this server", salt="group-link").dumps(link["id"]),
        URLSafeSerializer(SECRET_KEY, salt="device").dumps(link["id"]),
        link["token"][:-1],
        link["id"],
        "x",
        "ü" * 40,
        "\x00",
    ]
    answers = {join(world.carol, token).text for token in tokens}
    assert len(answers) == 1
    assert "doesn't lead to a group" in answers.pop()
    pages = {world.carol.client.get(f"/join/{token}").status_code for token in tokens[:-1]}
    assert pages == {404}
    for wrong in ({}, {"token": 7}, {"token": "x" * 501}):
        assert world.carol.api.post("/api/groups/join", wrong).status_code == 422


def test_a_link_dies_with_its_group(world, crew):
    link = new_link(world.alice, crew)
    world.alice.api.delete(f"/api/groups/{crew['id']}")
    for person in (world.alice, world.carol):
        assert code(join(person, link)) == "not_found"


def test_blocks_dont_matter_and_the_removed_may_come_back(world, crew):
    link = new_link(world.alice, crew)
    block(world.bob, world.carol)
    assert join(world.carol, link).status_code == 200
    remove(world.alice, crew, world.carol)
    assert "Carol" not in roles(world.alice, crew)
    assert join(world.carol, link).status_code == 200
    remove(world.alice, crew, world.carol)
    withdraw(world.alice, crew, link)
    assert code(join(world.carol, link)) == "not_found"


def test_a_link_outlives_its_makers_membership_without_their_name(world, crew):
    promote(world.alice, crew, world.bob, "admin")
    link = new_link(world.bob, crew)
    assert "Bob invited you" in world.carol.client.page(f"/join/{link['token']}").text
    remove(world.alice, crew, world.bob)
    page = world.carol.client.page(f"/join/{link['token']}").text
    assert "Crew" in page
    assert "Bob" not in page
    assert [one["id"] for one in links(world.alice, crew)] == [link["id"]], "and can be withdrawn"


@pytest.fixture
def counted(app):
    app.extensions["rate_limiter"].configure(True)
    yield
    app.extensions["rate_limiter"].configure(False)


@pytest.mark.slow
def test_guessing_is_counted(world, crew, counted):
    link = new_link(world.alice, crew)
    for n in range(30):
        assert world.carol.client.get(f"/join/guess{n}").status_code == 404
    limited = world.carol.client.get(f"/join/{link['token']}")
    assert limited.status_code == 429
    assert int(limited.headers["Retry-After"]) > 0
    answer = join(world.carol, link)
    assert (answer.status_code, code(answer)) == (429, "rate_limited")


# -- the page


def test_looking_never_joins(world, crew):
    path = f"/join/{new_link(world.alice, crew)['token']}"
    world.alice.api.patch(f"/api/groups/{crew['id']}", {"description": "We sail"})
    before = chat(world.alice, crew["conversation_id"])
    answer = world.carol.client.get(path)
    assert answer.status_code == 200
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    for words in ("Crew", "We sail", "2 members", "Alice", "Join as Carol"):
        assert words in answer.text
    assert chat(world.alice, crew["conversation_id"]) == before

    joined = world.carol.client.submit(path)
    assert (joined.status_code, joined.location) == (303, f"/chats/{crew['conversation_id']}")
    assert "Carol joined with a link" in world.carol.client.page(joined.location).text
    assert "already a member" in world.carol.client.page(path).text


def test_whoever_isnt_signed_in_comes_back(app, world, crew):
    path = f"/join/{new_link(world.alice, crew)['token']}"
    visitor = PageClient(app)
    page = visitor.page(path)
    assert "Crew" in page.text
    back = urlencode({"next": path})
    assert f'href="/login?{back}"' in page.html
    assert f'href="/register?{back}"' in page.html
    token = visitor.page("/login").csrf_token
    assert visitor.post(path, data={"csrf_token": token}).status_code == 401
    answer = visitor.submit(
        f"/register?next={path}",
        "/register",
        name="Dora",
        email="dora@example.org",
        password="correct horse battery",
    )
    assert answer.location == path
    assert "Join as Dora" in visitor.page(path).text
    assert visitor.submit(path).location == f"/chats/{crew['conversation_id']}"
    assert roles(world.alice, crew)["Dora"] == "member"


@pytest.mark.parametrize("mode", ["invite", "closed"])
def test_a_link_lets_nobody_register(app, world, crew, mode, monkeypatch):
    import dataclasses

    path = f"/join/{new_link(world.alice, crew)['token']}"
    settings = dataclasses.replace(app.config["SETTINGS"], registration=mode)
    monkeypatch.setitem(app.config, "SETTINGS", settings)
    visitor = PageClient(app)
    page = visitor.page(path)
    assert "/register" not in page.html
    assert ("invitation" in page.text) is (mode == "invite")
    assert visitor.get(f"/register?next={path}").status_code == 403
    refused = visitor.post(
        "/register",
        data={
            "csrf_token": visitor.page("/login").csrf_token,
            "invitation": path.removeprefix("/join/"),
            "name": "Dora",
            "email": "dora@example.org",
            "password": "correct horse battery",
        },
    )
    assert refused.status_code == 403


@pytest.mark.slow
def test_links_on_the_groups_page(world, crew):
    path = f"/groups/{crew['id']}"
    answer = post(world.alice, f"{path}/links", expires_in="", uses="")
    assert "Link created." in flashed(world.alice, answer)
    (link,) = links(world.alice, crew)
    assert (link["expires_at"], link["most_uses"]) == (None, None)
    page = world.alice.client.page(path)
    assert f'value="{link["link"]}"' in page.html
    assert "Not used yet · never expires · by Alice" in page.text
    assert link["token"] not in world.bob.client.page(path).html, "not for plain members"
    refused = post(world.alice, f"{path}/links", expires_in="86400", uses="0")
    assert refused.status_code == 422
    assert 'id="uses-error"' in refused.text
    assert '<option value="86400" selected>' in refused.text
    add(world.alice, crew, world.carol)
    answer = post(world.alice, f"{path}/links/{link['id']}/withdraw")
    assert "revoked" in flashed(world.alice, answer)
    assert links(world.alice, crew) == []
