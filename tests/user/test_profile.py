"""What people say of themselves, and what they prefer."""

from __future__ import annotations

import re
import threading
from dataclasses import replace

import pytest

from chatapp.core.db import atomic, db
from chatapp.core.errors import Conflict
from chatapp.models import Picture
from chatapp.user.schemas import ProfilePatch
from chatapp.user.service import update_profile
from tests.support.errors import rest_error

EVERYTHING = {
    "name": "Ada Lovelace",
    "username": "ada.l",
    "description": "Counts.\n\nAnd writes about it.",
    "resume_link": "http://example.org/ada?cv=1#top",
    "role": "Engineer",
    "profile_picture": "https://example.org/ada.png",
    "phone_number": "+44 (0)20 7946-0000",
    "theme_mode": "dark",
    "theme_color": "#0a7c66",
    "background_image": "https://example.org/sky.jpg",
    "theme": "bubbles",
    "enter_sends": False,
    "hide_last_seen": True,
    "hide_read_receipts": True,
    "notify": "mentions",
}
MAY_BE_EMPTY = (
    *("description", "resume_link", "role", "profile_picture", "phone_number"),
    *("theme_color", "background_image", "theme"),
)
EMPTY = dict.fromkeys(MAY_BE_EMPTY)


def own(person):
    return person.api.get("/api/users/me").get_json()


def test_all_given_fields_are_changed(world):
    before = own(world.bob)
    answer = world.alice.api.patch("/api/users/me", EVERYTHING)
    assert answer.status_code == 200, answer.text
    account = answer.get_json()
    assert {name: account[name] for name in EVERYTHING} == EVERYTHING
    assert own(world.alice) == account
    assert own(world.bob) == before
    public = world.carol.api.get(f"/api/users/{world.alice.id}").get_json()
    assert public["description"] == EVERYTHING["description"]
    assert not {"email", "phone_number", "theme_mode", "notify", "is_staff"} & set(public)


def test_missing_fields_stay_and_null_clears(world):
    world.alice.api.patch("/api/users/me", EVERYTHING)
    one = world.alice.api.patch("/api/users/me", {"role": "Countess", "unknown": 1}).get_json()
    assert {name: one[name] for name in EVERYTHING} == {**EVERYTHING, "role": "Countess"}
    none = world.alice.api.patch("/api/users/me", EMPTY).get_json()
    assert {name: none[name] for name in EVERYTHING} == {**EVERYTHING, **EMPTY}
    world.alice.api.patch("/api/users/me", EVERYTHING)
    blank = world.alice.api.patch("/api/users/me", dict.fromkeys(MAY_BE_EMPTY, " ")).get_json()
    assert {name: blank[name] for name in EVERYTHING} == {**EVERYTHING, **EMPTY}


def test_a_change_to_the_same_values_changes_nothing(world):
    account = world.alice.api.patch("/api/users/me", EVERYTHING).get_json()
    assert world.alice.api.patch("/api/users/me", EVERYTHING).get_json() == account
    assert world.alice.api.patch("/api/users/me", {}).get_json() == account


def test_text_is_normalized(world):
    account = world.alice.api.patch(
        "/api/users/me",
        {
            "name": " Ada\n Love\0lace ",
            "username": " ADA_L ",
            "role": " an\tengineer ",
            "theme_color": "#0A7C66",
            "description": "e\u0301\0",
        },
    ).get_json()
    assert account["name"] == "Ada Lovelace"
    assert account["username"] == "ada_l"
    assert account["role"] == "an engineer"
    assert account["theme_color"] == "#0a7c66"
    assert account["description"] == "\xe9"


BAD_ADDRESSES = [
    "javascript:alert(1)",
    "data:image/png;base64,AAAA",
    "ftp://example.org/x",
    "//example.org/x",
    "/x",
    "example.org",
    "https://",
    "https:///x",
    "https://[::1",
    "https://example.org:99999/",
    "https://example.org:x/",
    "https://user@example.org/",
    "https://user:secret@example.org/",
    "https://@example.org/",
    "https://example.org/ x",
    "https://example.org/\nx",
    "https://example.org/\tx",
    " https://example.org/x",
    "https://example.org/\u2028x",
    "https://example.org/\u202ex",
    "https://example.org/\x7fx",
    "https://example.org/\x85x",
    'https://example.org/"x',
    "https://example.org/'x",
    "https://example.org/`x",
    "https://example.org/\\x",
    "https:\\\\example.org\\x",
    "https://example.org/)x",
    "https://example.org/<x>",
    "https://example.org/" + "x" * 2000,
]
WRONG = [
    *({"resume_link": address} for address in BAD_ADDRESSES),
    *({"profile_picture": address} for address in BAD_ADDRESSES),
    *({"background_image": address} for address in BAD_ADDRESSES),
    {"resume_link": "/pictures/00000000-0000-4000-8000-000000000000"},
    *(
        {name: address}
        for name in ("profile_picture", "background_image")
        for address in (
            "http://example.org/x.png",
            "/pictures/00000000-0000-4000-8000-000000000000",
            "/pictures/00000000-0000-4000-8000-000000000000/../../x",
            "/pictures/x",
            "//pictures/00000000-0000-4000-8000-000000000000",
        )
    ),
    *({"theme_color": colour} for colour in ("red", "#fff", "#0a7c666", "#0a7c6g", "#0a7c66\n")),
    {"theme_color": "#0a7c66;}body{display:none}"},
    *({"theme_mode": mode} for mode in ("Dark", "", "auto", None, 1)),
    *({"theme": theme} for theme in ("../plain", "Plain", "nothing-like-it", "x" * 41, 1)),
    *({"phone_number": number} for number in ("12", "call me", "1" * 41, "+-()", "١٢٣٤", 123)),
    *({"username": name} for name in ("ab", "x" * 31, "a b c", "alice!", None, "")),
    *({"name": name} for name in ("", " ", "x" * 81, None, 7)),
    {"role": "x" * 81},
    {"description": "x" * 2001},
    *({"enter_sends": value} for value in (None, "true", 1)),
    *({"hide_last_seen": value} for value in (None, "yes")),
    *({"hide_read_receipts": value} for value in (None, "yes")),
    *({"notify": value} for value in (None, "some", "All")),
]


@pytest.mark.slow
def test_invalid_fields_change_nothing(world):
    before = own(world.alice)
    for wrong in WRONG:
        given = {"name": "Somebody else", "description": "new", **wrong}
        answer = world.alice.api.patch("/api/users/me", given)
        assert answer.status_code == 422, wrong
        error = rest_error(answer)
        assert set(error["fields"]) == set(wrong), wrong
        for sentence in error["fields"].values():
            assert re.fullmatch(r"[A-Z].*\.", sentence), (wrong, sentence)
        assert own(world.alice) == before, wrong


def test_half_a_surrogate_pair_is_refused(world):
    for field in EVERYTHING:
        answer = world.alice.api.call(
            "PATCH",
            "/api/users/me",
            data=f'{{"{field}": "https://example.org/\\ud800"}}',
            content_type="application/json",
        )
        assert set(rest_error(answer)["fields"]) == {field}


def test_valid_email_addresses(world):
    for address in (
        "https://example.org",
        "HTTPS://Example.ORG:8443/a/b.png?x=1&y=(2#z",
        "https://[2001:db8::1]/x.png",
        "https://bücher.example/é/%20",
        "https://example.org/" + "x" * 1980,
    ):
        given = {"resume_link": address, "profile_picture": address, "background_image": address}
        answer = world.alice.api.patch("/api/users/me", given)
        assert answer.status_code == 200, (address, answer.text)


@pytest.mark.parametrize("right", ["is_active", "is_staff", "is_superuser"])
@pytest.mark.parametrize("value", [True, False, None, "x"])
def test_admin_fields_in_a_profile_change_are_forbidden(world, right, value):
    before = own(world.alice)
    for more in ({"name": "Boss"}, {"name": ""}, {}):
        answer = world.alice.api.patch("/api/users/me", {**more, right: value})
        assert answer.status_code == 403
        assert rest_error(answer)["code"] == "forbidden"
    assert own(world.alice) == before


def test_a_username_is_unique(world):
    error = rest_error(world.alice.api.patch("/api/users/me", {"username": "BOB", "role": "x"}))
    assert error["code"] == "conflict"
    assert set(error["fields"]) == {"username"}
    assert own(world.alice)["role"] is None
    assert world.alice.api.patch("/api/users/me", {"username": "alice"}).status_code == 200
    assert world.bob.api.patch("/api/users/me", {"username": "robert"}).status_code == 200
    assert world.alice.api.patch("/api/users/me", {"username": "bob"}).status_code == 200


@pytest.mark.database
def test_a_username_taken_at_the_same_moment(app, world):
    people = [world.alice, world.bob, world.carol]
    for turn in range(10):
        outcomes: list[object] = []
        start = threading.Barrier(len(people))

        def take(person, name=f"name{turn}", outcomes=outcomes, start=start):
            with app.app_context():
                start.wait()
                try:
                    update_profile(person.id, ProfilePatch(username=name))
                    outcomes.append("taken")
                except Conflict as exc:
                    outcomes.append(sorted(exc.fields))
                db.session.remove()

        threads = [threading.Thread(target=take, args=(person,)) for person in people]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(map(str, outcomes)) == ["['username']", "['username']", "taken"]


def test_a_role_has_to_be_configured(app, world, monkeypatch):
    world.alice.api.patch("/api/users/me", {"role": "Wizard"})
    settings = app.config["SETTINGS"]
    monkeypatch.setitem(app.config, "SETTINGS", replace(settings, user_roles=("tenant", "agent")))
    error = rest_error(world.alice.api.patch("/api/users/me", {"role": "Tenant"}))
    assert error["fields"] == {"role": "Choose one of these roles: tenant, agent."}
    for role in ("Wizard", "tenant", "agent", None):  # what stood may stay
        assert world.alice.api.patch("/api/users/me", {"role": role}).status_code == 200
        assert own(world.alice)["role"] == role
    assert world.alice.api.patch("/api/users/me", {"role": "Wizard"}).status_code == 422


def test_only_own_pictures_are_accepted(app, world):
    with app.app_context(), atomic() as work:
        hers = Picture(owner_id=world.alice.id, purpose="profile", status="ready")
        sky = Picture(owner_id=world.alice.id, purpose="background", status="ready")
        his = Picture(owner_id=world.bob.id, purpose="profile", status="ready")
        work.add_all([hers, sky, his])
        work.flush()
        mine, background, bobs = (f"/pictures/{one.id}" for one in (hers, sky, his))
    fine = {"profile_picture": mine, "background_image": background}
    assert world.alice.api.patch("/api/users/me", fine).status_code == 200
    for wrong in ({"profile_picture": bobs}, {"background_image": mine}):
        error = rest_error(world.alice.api.patch("/api/users/me", wrong))
        assert set(error["fields"]) == set(wrong)
    assert own(world.alice)["profile_picture"] == mine


def test_members_cannot_change_accounts(api):
    assert api(None).patch("/api/users/me", {"name": "x"}).status_code == 401
