"""People, contacts, profiles and blocks as pages without a script: Alice's, Bob's and Carol's."""

from __future__ import annotations

from dataclasses import replace
from html import unescape

import pytest

from chatapp.core.db import atomic
from chatapp.models import User
from chatapp.user.person_details import MAX_COMMON_GROUPS
from tests.support.html import Page
from tests.support.world import PASSWORD, register


def page_of(person):
    return f"/people/{person.id}"


@pytest.mark.slow
def test_a_contact_is_added_and_removed_from_the_list_and_the_profile(world):
    client, carol = world.alice.client, world.carol
    add, remove = f"{page_of(carol)}/contact", f"{page_of(carol)}/contact/remove"
    assert "No contacts yet" in client.page("/contacts").text
    answer = client.submit("/people?q=car", add)
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"/people?q=car#p-{carol.id}"
    assert "Carol is now one of your contacts." in client.page("/people?q=car").text
    listed = client.page("/contacts")
    assert "Carol" in listed.text
    assert "Bob" not in listed.text
    assert "No contacts yet" in carol.client.page("/contacts").text
    assert client.submit(page_of(carol), remove).headers["Location"] == page_of(carol)
    assert client.submit(page_of(carol), add).status_code == 303
    assert client.submit("/contacts", remove).headers["Location"] == "/contacts"
    assert "No contacts yet" in client.page("/contacts").text
    found = client.page("/contacts?q=zzz").text
    assert "No results for “zzz” in your contacts" in found


def test_contacts_show_last_seen(app, world):
    with app.app_context(), atomic() as work:
        bob = work.get_one(User, world.bob.id)
        bob.last_seen, bob.role = bob.created_at, "Clerk"
    page = world.alice.client.page
    world.alice.api.post("/api/contacts", {"user_id": world.bob.id})
    for path in ("/contacts", "/people?q=bob"):
        assert "last seen on" in page(path).text, path
    world.bob.api.patch("/api/users/me", {"hide_last_seen": True})
    assert "last seen" not in page("/contacts").text


def test_the_directory_leads_to_a_new_group(world):
    assert 'href="/groups/new"' in world.alice.client.page("/people").html


def test_next_after_an_action_stays_on_the_site(world):
    client = world.alice.client
    form = client.page(page_of(world.carol)).form(f"{page_of(world.carol)}/contact")
    for away in ("https://evil.example/", "//evil.example", "/\\evil.example"):
        answer = client.post(form.action, data={**form.fields, "next": away})
        assert answer.headers["Location"] == "/"


@pytest.mark.slow
def test_a_profile_shows_fields_and_actions(app, world):
    world.bob.api.patch(
        "/api/users/me",
        {
            "name": "Bob <b>",
            "role": "Clerk",
            "description": "One\nhttps://example.org/?a=1&b=2.\njavascript:alert(1) <script>",
            "resume_link": "https://example.org/bob",
            "phone_number": "+1 555 0100",
        },
    )
    group = {"name": "The crew", "members": [world.bob.id, world.carol.id]}
    world.alice.api.post("/api/groups", group)
    world.carol.api.post("/api/groups", {"name": "Carol's own", "members": [world.bob.id]})
    shown = world.alice.client.page(page_of(world.bob))
    for words in ("Bob <b>", "@bob · Clerk", "example.org/bob", "Groups in common", "The crew"):
        assert words in unescape(shown.text), words
    rel = 'rel="noopener noreferrer nofollow"'
    assert f'href="https://example.org/?a=1&amp;b=2" {rel}' in shown.html
    assert f'href="https://example.org/bob" {rel}' in shown.html
    assert 'href="javascript' not in shown.html
    assert "<script>" not in shown.html.split('id="about"')[1].split("</section>")[0]
    assert "Carol's own" not in unescape(shown.text)
    for private in ("+1 555 0100", world.bob.email, "For administrators"):
        assert private not in shown.text
    with app.app_context(), atomic() as work:
        work.get_one(User, world.carol.id).is_staff = True
    for private in ("+1 555 0100", world.bob.email, "For administrators"):
        assert private in world.carol.client.page(page_of(world.bob)).text
    own = world.bob.client.page(page_of(world.bob))
    assert "Edit your profile" in own.text
    assert "Block" not in own.text
    assert [form.action for form in own.forms] == []


def test_the_conversation_header_links_to_the_person(world):
    path = f"/chats/{world.conversation_id}"
    head = world.alice.client.page(path).html.split("<header", 2)[1].split("</header>")[0]
    assert f'href="{page_of(world.bob)}"' in head
    world.bob.api.delete("/api/users/me", {"password": PASSWORD})
    assert page_of(world.bob) not in world.alice.client.page(path).html


@pytest.mark.slow
def test_not_more_groups_in_common_than_fit(world):
    for number in range(MAX_COMMON_GROUPS + 3):
        body = {"name": f"Group {number}", "members": [world.bob.id]}
        world.alice.api.post("/api/groups", body)
    text = world.alice.client.page(page_of(world.bob)).text
    assert "and 3 more" in text
    assert f"Group {MAX_COMMON_GROUPS + 2}" in text
    assert "Group 0 " not in text


def test_unknown_people_have_no_profile(world):
    assert world.carol.api.delete("/api/users/me", {"password": PASSWORD}).status_code == 204
    for path in (page_of(world.carol), "/people/00000000-0000-4000-8000-000000000000"):
        answer = world.alice.client.get(path)
        assert answer.status_code == 404
        assert "This person doesn&#39;t exist." in answer.text


@pytest.mark.slow
def test_a_block_is_confirmed_seen_and_lifted(world):
    alice, bob = world.alice.client, world.bob.client
    profile = page_of(world.bob)
    assert "<details" in alice.page(profile).html.split(f'action="{profile}/block"')[0]
    assert "Nobody yet." in alice.page("/settings/privacy").text
    assert alice.submit(profile, f"{profile}/block").headers["Location"] == profile
    shown = alice.page(profile)
    assert "You blocked Bob" in shown.text
    assert {form.action for form in shown.forms} == {f"{profile}/unblock"}
    assert "Bob" not in alice.page("/people").text
    theirs = bob.page(page_of(world.alice))
    assert "while one of you blocks the other" in theirs.text
    assert {form.action for form in theirs.forms} == {f"{page_of(world.alice)}/block"}
    fields = theirs.form(f"{page_of(world.alice)}/block").fields
    assert bob.post(f"{page_of(world.alice)}/contact", data=fields).status_code == 403
    assert "Nobody yet." in bob.page("/settings/privacy").text, "who blocks one isn't told"

    listed = alice.page("/settings/privacy")
    assert "@bob · since" in listed.text
    answer = alice.submit("/settings/privacy", f"{profile}/unblock")
    assert answer.headers["Location"] == "/settings/privacy#blocked"
    assert "Nobody yet." in alice.page("/settings/privacy").text
    assert "Message" in alice.page(profile).text


def test_blocks_are_paged(app, world):
    for number in range(3):
        other = register(app, f"Other{number}")
        world.alice.api.post(f"/api/users/{other.id}/block")
    first = world.alice.client.page("/settings/privacy")
    assert "Show more" not in first.text
    first = world.alice.client.page("/settings/privacy?limit=2")
    assert "Other2" in first.text
    assert "Other0" not in first.text
    assert "Show more" in first.text


@pytest.mark.slow
def test_across_a_block_the_conversation_says_so_in_place_of_the_composer(world):
    path = f"/chats/{world.conversation_id}"
    world.alice.api.post(f"/api/users/{world.bob.id}/block")
    mine, theirs = world.alice.client.page(path), world.bob.client.page(path)
    for page in (mine, theirs):
        assert 'id="main" data-read-only' in page.html
        assert "Hello Bob" in page.text, "what was said stays"
    assert "so neither of you can write here. Unblock" in mine.text
    assert "You can’t message each other while one of you blocks the other." in theirs.text
    assert "Unblock" not in theirs.text
    seq = world.messages[1]["seq"]
    assert "data-edit" not in world.bob.client.page(f"{path}?edit={seq}").html
    answer = world.alice.client.submit(path, f"{page_of(world.bob)}/unblock")
    assert answer.headers["Location"] == path
    for client in (world.alice.client, world.bob.client):
        assert "data-read-only" not in client.page(path).html
        assert "one of you blocks" not in client.page(path).text


def test_a_message_refused_by_a_block_stays_in_the_composer(world):
    path = f"/chats/{world.conversation_id}"
    form = world.alice.client.page(path).form(path)
    world.bob.api.post(f"/api/users/{world.alice.id}/block")
    answer = world.alice.client.post(path, data={**form.fields, "content": "long and dear"})
    assert answer.status_code == 403
    assert "long and dear" in answer.text
    assert "data-read-only" not in answer.text


def test_with_a_deleted_account_the_conversation_says_so(world):
    world.bob.api.delete("/api/users/me", {"password": PASSWORD})
    page = world.alice.client.page(f"/chats/{world.conversation_id}")
    assert 'id="main" data-read-only' in page.html
    assert "This account was deleted. You can still read the conversation." in page.text
    assert "Hello Bob" in page.text


def test_groups_know_no_blocks(world):
    group = world.alice.api.post("/api/groups", {"name": "Us", "members": [world.bob.id]})
    world.alice.api.post(f"/api/users/{world.bob.id}/block")
    page = world.alice.client.page(f"/chats/{group.get_json()['conversation_id']}")
    assert "data-read-only" not in page.html


PROFILE = "/settings/profile"


def test_the_profile_form(world):
    client = world.alice.client
    answer = client.submit(
        PROFILE,
        name="Alice B.",
        username="alice.b",
        role="Cook",
        description="First\r\nsecond",
        resume_link="https://example.org/a",
        phone_number="+1 555 0100",
    )
    assert answer.status_code == 303
    page = client.page(PROFILE)
    assert "Your profile has been saved." in page.text
    account = world.alice.api.get("/api/users/me").get_json()
    assert account["description"] == "First\nsecond"
    fields = page.form(PROFILE).fields
    for name in ("name", "username", "role", "description", "resume_link", "phone_number"):
        assert fields[name].lstrip("\n") == account[name], name
    cleared = dict.fromkeys(("role", "description", "resume_link", "phone_number"), "")
    assert client.submit(PROFILE, **cleared).status_code == 303
    account = world.alice.api.get("/api/users/me").get_json()
    assert [account[name] for name in cleared] == [None] * 4
    assert (account["name"], account["theme_mode"]) == ("Alice B.", "system")


def test_profile_errors_appear_beside_their_fields(world):
    client = world.alice.client
    answer = client.submit(
        PROFILE, name="", username="bob", resume_link="javascript:x", phone_number="call me"
    )
    assert answer.status_code == 422
    page = Page(answer.text)
    for words in ("This is required.", "Enter an address such as", "A phone number has"):
        assert words in page.text
    assert page.form(PROFILE).fields["resume_link"] == "javascript:x"
    answer = client.submit(PROFILE, username="bob", role="kept")
    assert answer.status_code == 409
    assert "This username is taken. Try another." in answer.text
    assert Page(answer.text).form(PROFILE).fields["role"] == "kept"
    answer = client.submit(PROFILE, name="Boss", is_staff="true")
    assert answer.status_code == 403
    assert world.alice.api.get("/api/users/me").get_json()["name"] == "Alice"


def test_roles_are_offered_where_the_site_has_some(app, world, monkeypatch):
    world.alice.api.patch("/api/users/me", {"role": "Wizard"})
    settings = replace(app.config["SETTINGS"], user_roles=("tenant", "agent"))
    monkeypatch.setitem(app.config, "SETTINGS", settings)
    html = world.alice.client.page(PROFILE).html
    for role in ("", "Wizard", "tenant", "agent"):
        assert f'<option value="{role}"' in html
    assert '<option value="Wizard" selected>' in html
    assert world.alice.client.submit(PROFILE, role="agent").status_code == 303
    html = world.alice.client.page(PROFILE).html
    assert '<option value="agent" selected>' in html
    assert "Wizard" not in html
    assert world.alice.client.submit(PROFILE, role="king").status_code == 422
