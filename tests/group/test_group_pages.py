"""Groups as pages, without a script: what one sees there, does there, and is told."""

from __future__ import annotations

import pytest

from chatapp.core.db import atomic
from chatapp.group.service import create_group
from chatapp.models import Contact, User
from tests.support.groups import Json, add, block, chat, flashed, make, post, promote, roles
from tests.support.html import Page
from tests.support.world import World


@pytest.fixture
def crew(world: World) -> Json:
    """Alice's group with Bob in it."""
    return make(world.alice, world.bob)


def boxes(page: Page | str) -> list[str]:
    """The people who can be picked or are, in their order on the page."""
    html = page.html if isinstance(page, Page) else page
    return [part.partition('"')[0] for part in html.split('name="member" value="')[1:]]


def picked(html: str) -> list[str]:
    return boxes(html.partition('id="picked-people"')[2].partition("</ul>")[0])


# -- making one


def test_a_group_is_made_of_people_who_are_picked(world):
    page = world.alice.client.page("/groups/new")
    assert set(boxes(page)) == {world.bob.id, world.carol.id}
    answer = post(
        world.alice, "/groups/new", name="Crew", description="We sail", member=[world.bob.id]
    )
    assert answer.status_code == 303
    (group,) = world.alice.api.get("/api/groups").get_json()["items"]
    assert answer.location == f"/chats/{group['conversation_id']}"
    assert (group["name"], group["description"]) == ("Crew", "We sail")
    assert roles(world.bob, group) == {"Alice": "owner", "Bob": "member"}


@pytest.mark.database
def test_contacts_come_first(app, world):
    with app.app_context(), atomic() as work:
        work.add(Contact(user_id=world.alice.id, contact_id=world.carol.id))
        work.add(Contact(user_id=world.carol.id, contact_id=world.bob.id))
    assert boxes(world.alice.client.page("/groups/new")) == [world.carol.id, world.bob.id]


def test_picked_people_travel_through_searches_and_refusals(world):
    typed = {"name": "Crew", "description": "We sail", "q": "caro", "member": [world.bob.id]}
    found = post(world.alice, "/groups/new/people", **typed)
    assert found.status_code == 200
    assert picked(found.text) == [world.bob.id]
    assert boxes(found.text) == [world.bob.id, world.carol.id], "those found are the others"
    assert 'value="Crew"' in found.text
    assert ">\nWe sail</textarea>" in found.text

    both = [world.bob.id, world.carol.id]
    refused = post(world.alice, "/groups/new", name=" ", description="We sail", member=both)
    assert refused.status_code == 422
    assert picked(refused.text) == both
    assert ">\nWe sail</textarea>" in refused.text
    assert 'id="name-error"' in refused.text
    gone = "00000000-0000-4000-8000-000000000000"
    refused = post(world.alice, "/groups/new", name="Crew", member=[*both, gone, "nobody"])
    assert refused.status_code == 422
    assert picked(refused.text) == both
    assert "no longer has an account" in refused.text
    assert world.alice.api.get("/api/groups").get_json()["items"] == []


@pytest.mark.slow
def test_hundreds_can_be_picked(app, world):
    """More than an address could hold."""
    with app.app_context(), atomic() as work:
        users = [User(name=f"{n:03}", username=f"guest{n}", email=None) for n in range(300)]
        work.add_all(users)
        work.flush()
        ids = [user.id for user in users]
    found = post(world.alice, "/groups/new/people", name="Crew", q="bob", member=ids)
    assert picked(found.text) == ids
    answer = post(world.alice, "/groups/new", name="Crew", member=picked(found.text))
    assert answer.status_code == 303
    (group,) = world.alice.api.get("/api/groups").get_json()["items"]
    assert len(group["members"]) == 301


def test_the_blocked_are_not_offered(world, crew):
    block(world.carol, world.alice)
    assert boxes(world.alice.client.page("/groups/new")) == [world.bob.id]
    refused = post(world.alice, "/groups/new", name="x", member=[world.carol.id, world.bob.id])
    assert refused.status_code == 403
    assert picked(refused.text) == [world.bob.id]
    assert "blocks the other" in refused.text
    page = world.alice.client.page(f"/groups/{crew['id']}/add")
    assert boxes(page) == []
    assert "nobody else to add" in page.text


@pytest.mark.database
def test_people_beyond_the_first_page(app, world):
    with app.app_context(), atomic() as work:
        work.add_all(User(name=f"{n:03}", username=f"guest{n}", email=None) for n in range(40))
    first = world.alice.client.page("/groups/new").html
    cursor = first.partition('name="cursor" value="')[2].partition('"')[0]
    second = post(world.alice, "/groups/new/people", cursor=cursor, member=[world.bob.id]).text
    assert len(boxes(first)) == 30
    assert picked(second) == [world.bob.id]
    assert set(boxes(first)) | set(boxes(second)) >= {world.bob.id, world.carol.id}
    assert len(set(boxes(first)) | set(boxes(second))) == 42


# -- the group's page


@pytest.mark.slow
def test_everyone_sees_what_they_may_do(world, crew):
    path = f"/groups/{crew['id']}"
    add(world.alice, crew, world.carol)
    promote(world.alice, crew, world.bob, "admin")
    for person, adds, owns in (
        (world.alice, True, True),
        (world.bob, True, False),
        (world.carol, False, False),
    ):
        page = person.client.page(path)
        actions = {form.action for form in page.forms}
        assert (f"{path}/links" in actions) is adds
        assert (f"{path}/delete" in actions) is owns
        assert (f'href="{path}/add"' in page.html) is adds
        assert (f"{path}/members/{world.alice.id}/role" in page.html) is owns
        assert (f"{path}/members/{world.bob.id}/remove" in page.html) is owns
        assert (f"{path}/members/{world.carol.id}/remove" in page.html) is adds
        assert f"{path}/leave" in actions
        assert f"/people/{world.bob.id}" in page.html


def test_a_conversation_links_to_its_group(world, crew):
    page = world.bob.client.page(f"/chats/{crew['conversation_id']}")
    assert f'href="/groups/{crew["id"]}"' in page.html
    assert 'href="/groups/new"' in page.html


@pytest.mark.slow
def test_strangers_and_the_removed_find_nothing(world, crew):
    path = f"/groups/{crew['id']}"
    assert world.bob.client.get(path).status_code == 200
    for who in (world.carol, world.bob):
        if who is world.bob:
            world.alice.api.delete(f"/api/groups/{crew['id']}/members/{world.bob.id}")
        for answer in (
            who.client.get(path),
            who.client.get(f"{path}/add"),
            post(who, path, name="Mine"),
            post(who, f"{path}/add", member=[who.id]),
            post(who, f"{path}/add/people", q="x"),
            post(who, f"{path}/leave"),
            post(who, f"{path}/delete", sure="yes"),
            post(who, f"{path}/links"),
            post(who, f"{path}/members/{world.alice.id}/role", member_role="member"),
            post(who, f"{path}/members/{world.alice.id}/remove"),
        ):
            assert answer.status_code == 404
            assert "This doesn&#39;t exist, or you can&#39;t see it." in answer.text
            assert 'href="/"' in answer.text
    assert roles(world.alice, crew) == {"Alice": "owner"}


@pytest.mark.slow
def test_a_plain_member_is_refused_on_the_page(world, crew):
    path = f"/groups/{crew['id']}"
    add(world.alice, crew, world.carol)
    for answer in (
        post(world.bob, path, name="Mine"),
        post(world.bob, path, announcements_only="true"),
        post(world.bob, f"{path}/links"),
        post(world.bob, f"{path}/delete", sure="yes"),
        post(world.bob, f"{path}/members/{world.carol.id}/role", member_role="owner"),
        post(world.bob, f"{path}/members/{world.carol.id}/remove"),
        post(world.bob, f"{path}/links/{crew['id']}/withdraw"),
        post(world.bob, f"{path}/add", member=[world.carol.id]),
        world.bob.client.get(f"{path}/add"),
    ):
        assert answer.status_code == 403
    assert roles(world.alice, crew) == {"Alice": "owner", "Bob": "member", "Carol": "member"}


@pytest.mark.slow
def test_name_description_and_who_writes(world, crew):
    path = f"/groups/{crew['id']}"
    answer = post(world.alice, path, name="Band", description="Loud")
    assert "Saved." in flashed(world.alice, answer)
    post(world.alice, path, announcements_only="true")
    group = world.bob.api.get(f"/api/groups/{crew['id']}").get_json()
    assert (group["name"], group["description"]) == ("Band", "Loud")
    assert group["announcements_only"] is True
    assert "only owners and admins can write" in world.bob.client.page(path).text
    post(world.alice, path, name="Band", description="")
    group = world.bob.api.get(f"/api/groups/{crew['id']}").get_json()
    assert (group["description"], group["announcements_only"]) == (None, True), "one at a time"
    refused = post(world.alice, path, name="", description="Still here")
    assert refused.status_code == 422
    assert ">\nStill here</textarea>" in refused.text
    assert 'id="name-error"' in refused.text


def test_a_description_keeps_its_lines_when_the_name_is_changed(world, crew):
    path, lines = f"/groups/{crew['id']}", "We sail.\n\nOn Saturdays"
    world.alice.api.patch(f"/api{path}", {"description": lines})
    form = world.alice.client.page(path).form(path)
    typed = form.fields["description"].removeprefix("\n").replace("\n", "\r\n")  # as browsers do
    post(world.alice, path, name="Band", description=typed)
    group = world.bob.api.get(f"/api{path}").get_json()
    assert (group["name"], group["description"]) == ("Band", lines)


def test_adding_people(world, crew):
    path = f"/groups/{crew['id']}"
    page = world.alice.client.page(f"{path}/add")
    assert boxes(page) == [world.carol.id], "whoever is in it isn't offered"
    refused = post(world.alice, f"{path}/add")
    assert (refused.status_code, "Choose someone first." in refused.text) == (422, True)
    found = post(world.alice, f"{path}/add/people", q="nobody", member=[world.carol.id])
    assert picked(found.text) == [world.carol.id]
    answer = post(world.alice, f"{path}/add", member=[world.carol.id])
    assert "Added 1 person." in flashed(world.alice, answer)
    assert roles(world.alice, crew)["Carol"] == "member"


@pytest.mark.slow
def test_roles_and_removing(world, crew):
    path = f"/groups/{crew['id']}/members"
    answer = post(world.alice, f"{path}/{world.bob.id}/role", member_role="admin")
    assert "Role changed." in flashed(world.alice, answer)
    assert roles(world.alice, crew)["Bob"] == "admin"
    refused = post(world.alice, f"{path}/{world.alice.id}/role", member_role="member")
    assert refused.status_code == 409
    assert "Make someone else an owner first." in refused.text
    refused = post(world.bob, f"{path}/{world.alice.id}/remove")
    assert refused.status_code == 403
    assert "Admins can only remove plain members." in refused.text
    answer = post(world.alice, f"{path}/{world.bob.id}/remove")
    assert "no longer in the group" in flashed(world.alice, answer)
    again = post(world.alice, f"{path}/{world.bob.id}/remove")
    assert again.status_code == 404
    assert "This person isn’t a member." in again.text.replace("&#39;", "’"), "said on the page"
    assert f'action="/groups/{crew["id"]}/leave"' in again.text


@pytest.mark.slow
def test_leaving_says_who_will_own_it(world, crew):
    path = f"/groups/{crew['id']}"
    assert "Bob will become the owner" in world.alice.client.page(path).text
    assert "will become the owner" not in world.bob.client.page(path).text
    answer = post(world.alice, f"{path}/leave")
    assert answer.location == "/chats"
    assert "You’ve left the group." in flashed(world.alice, answer)
    assert roles(world.bob, crew) == {"Bob": "owner"}
    assert "the only member" in world.bob.client.page(path).text
    assert "It’s just you so far." in world.bob.client.page(path).text


def test_deleting_wants_the_box_ticked(world, crew):
    path = f"/groups/{crew['id']}"
    refused = post(world.alice, f"{path}/delete")
    assert refused.status_code == 422
    assert "Tick the box" in refused.text
    assert chat(world.bob, crew["conversation_id"])["name"] == "Crew"
    answer = post(world.alice, f"{path}/delete", sure="yes")
    assert "Group deleted." in flashed(world.alice, answer)
    assert world.bob.client.get(path).status_code == 404


@pytest.mark.slow
def test_a_page_of_five_hundred_members_stays_light(app, world, statements):
    with app.app_context(), atomic() as work:
        users = [User(name=f"Guest {n:03}", username=f"guest{n}", email=None) for n in range(499)]
        work.add_all(users)
        work.flush()
        ids = [user.id for user in users]
    with app.app_context():
        large = create_group(world.alice.id, name="Hall", member_ids=ids).id
        small = create_group(world.alice.id, name="Room", member_ids=ids[:20]).id
    counts = []
    world.alice.client.page("/people")
    for group_id in (small, large):
        with statements() as texts:
            html = world.alice.client.page(f"/groups/{group_id}").html
        counts.append(len(texts))
    assert counts[0] == counts[1]
    assert len(html) < 150_000
    assert html.count('class="person"') == 50
    assert "500 members" in html
    found = world.alice.client.page(f"/groups/{large}?q=guest 123")
    assert "Guest 123" in found.text
    assert found.html.count('class="person"') == 1
    seen, page = set(), world.alice.client.page(f"/groups/{large}").html
    for _ in range(10):
        seen |= {part.partition('"')[0] for part in page.split('href="/people/')[1:]}
        more = page.partition('class="people-pager"><a')[2].partition('href="')[2].partition("#")[0]
        if not more:
            break
        page = world.alice.client.page(more.replace("&amp;", "&")).html
    assert seen == {world.alice.id, *ids}
    assert "No results for “nobody”" in world.alice.client.page(f"/groups/{large}?q=nobody").text
