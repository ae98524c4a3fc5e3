"""How chatapp looks to whom: the page for it, and that nothing foreign gets into a style."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import update

from chatapp.core.db import atomic
from chatapp.models import User
from chatapp.web import accent
from tests.support.errors import rest_error
from tests.support.html import Page

PAGE = "/settings/appearance"
SOME_ID = "01934f6e-2b8f-4110-b1b7-b3c8df26fe23"
FOREIGN = (
    "red",
    "red;}body{background:red}",
    "#123456;}body{display:none}",
    "#12345",
    "#1234567",
    "#12345g",
    "url(//evil.example/x)",
    "url('//evil.example/x')",
    "expression(alert(1))",
    "</style><script>alert(1)</script>",
    "'",
    '"',
    ")",
    "\\",
    "#123456/*",
    "javascript:alert(1)",
    "var(--x)",
    "light-dark(red,blue)",
)


def styles(page: str) -> str:
    """All CSS that a page carries."""
    return "\n".join(re.findall(r"<style[^>]*>(.*?)</style>", page, re.DOTALL))


def checked(page: str) -> dict[str, str]:
    """Which radio buttons are on."""
    found = re.findall(r'<input[^>]*type="radio" name="(\w+)" value="([^"]*)"[^>]* checked', page)
    return dict(found)


def set_columns(person, **values) -> None:
    with person.app.app_context(), atomic() as work:
        work.execute(update(User).where(User.id == person.id).values(values))


@pytest.mark.slow
def test_choices_apply_to_every_page(world):
    client = world.alice.client
    assert checked(client.get(PAGE).text) == {
        "theme_mode": "system",
        "theme_color": "",
        "theme": "",
        "enter_sends": "true",
    }
    chosen = {
        "theme_mode": "dark",
        "theme_color": "#0a7c66",
        "theme": "plain",
        "enter_sends": "false",
    }
    answer = client.submit(PAGE, **chosen)
    assert answer.status_code == 303
    page = client.get(PAGE).text
    assert "Saved." in page
    assert checked(page) == chosen
    account = world.alice.api.get("/api/users/me").get_json()
    assert {name: account[name] for name in chosen} == {**chosen, "enter_sends": False}
    for path in ("/chats", f"/chats/{world.conversation_id}", "/people", "/settings/account"):
        page = client.get(path).text
        assert '<html lang="en" data-mode="dark">' in page
        assert accent.css("#0a7c66") in page
        assert page.index("themes/plain.css") < page.index("--accent:")
        assert f'<meta name="theme-color" content="{accent.dark("#0a7c66").accent_soft}">' in page
    assert 'data-enter="newline"' in client.get(f"/chats/{world.conversation_id}").text

    other = world.bob.client.get(f"/chats/{world.conversation_id}").text
    assert 'data-mode="system"' in other
    assert "themes/" not in other
    assert "--accent" not in other
    assert "data-enter" not in other
    assert other.count('name="theme-color"') == 2


def test_a_custom_accent_colour(world):
    client = world.alice.client
    client.submit(PAGE, theme_color="other", other_color="#FFE000")
    page = client.get(PAGE).text
    assert checked(page)["theme_color"] == "other"
    assert 'name="other_color" value="#ffe000"' in page
    assert accent.css("#ffe000") in client.get("/chats").text
    client.submit(PAGE, theme_color="")
    assert "--accent:" not in client.get("/chats").text
    assert world.alice.api.get("/api/users/me").get_json()["theme_color"] is None


def test_every_colour_to_pick_from_can_be_picked(world):
    page = world.alice.client.get(PAGE).text
    values = re.findall(r'name="theme_color" value="(#\w{6})"', page)
    assert len(values) == len(accent.PALETTE) == 12
    assert all(map(accent.is_color, values))


def test_the_page_changes_only_its_own_fields(world):
    before = world.alice.api.get("/api/users/me").get_json()
    world.alice.client.submit(PAGE, name="Mallory", notify="none", is_staff="true", role="x")
    after = world.alice.api.get("/api/users/me").get_json()
    assert {**after, "updated_at": ""} == {**before, "updated_at": ""}


@pytest.mark.slow
def test_invalid_colours_are_refused(world):
    client = world.alice.client
    form = client.page(PAGE).form(PAGE).fields
    for foreign in FOREIGN:
        for fields in ({"theme_color": foreign}, {"theme_color": "other", "other_color": foreign}):
            answer = client.post(PAGE, data={**form, **fields})
            assert answer.status_code == 422, fields
            assert 'role="alert"' in answer.text
            assert Page(answer.text).form(PAGE)
            assert "evil" not in styles(answer.text)
        answer = world.alice.api.patch("/api/users/me", {"theme_color": foreign})
        assert answer.status_code == 422, foreign
        assert set(rest_error(answer)["fields"]) == {"theme_color"}


def test_only_offered_choices_are_accepted(world):
    for fields in ({"theme": "nothing-like-it"}, {"theme": "../plain"}, {"theme_mode": "sepia"}):
        answer = world.alice.client.submit(PAGE, **fields)
        assert answer.status_code == 422, fields
        assert 'role="alert"' in answer.text
        assert world.alice.api.patch("/api/users/me", fields).status_code == 422


@pytest.mark.slow
def test_values_in_the_database_never_become_css(world):
    for foreign in ("red;}b{", "#12';*{", "</styl", "url(x)", "#12345\\"):
        set_columns(world.alice, theme_color=foreign, theme_mode="x}*{", theme="../../etc")
        for path in ("/chats", PAGE, f"/chats/{world.conversation_id}"):
            page = world.alice.client.get(path)
            assert page.status_code == 200
            css = styles(page.text).replace(palette_rules(page.text), "")
            assert foreign not in css, path
            assert "--accent" not in css, path
            assert 'data-mode="system"' in page.text
            assert "themes/" not in page.text, path


def palette_rules(page: str) -> str:
    """What the page of one's appearance has its colours by."""
    found = re.search(r":root:has\(#color-1:checked\).*(?=</style>)", page, re.DOTALL)
    return found[0] if found else ""


def test_the_picture_behind_a_conversation(world):
    path = f"/chats/{world.conversation_id}"
    assert "--picture" not in world.alice.client.get(path).text
    picture_id = SOME_ID
    set_columns(world.alice, background_id=picture_id)
    page = world.alice.client.get(path).text
    assert f".conversation__body {{ --picture: url(/pictures/{picture_id}); }}" in styles(page)
    assert 'class="conversation__body conversation__body--picture"' in page
    assert "--picture" not in world.bob.client.get(path).text
    assert "--picture" not in world.alice.client.get("/people").text


def test_a_background_address_is_never_a_style(world):
    """Pages show the copy that is kept here, not what was given."""
    address = "https://example.org/sky.jpg"
    assert world.alice.api.patch("/api/users/me", {"background_image": address}).status_code == 200
    set_columns(world.alice, background_image="https://example.org/');}body{display:none}")
    for path in (f"/chats/{world.conversation_id}", PAGE):
        page = styles(world.alice.client.get(path).text)
        assert "example.org" not in page
        assert "display:none" not in page


def test_a_picture_url_through_the_page(world):
    client = world.alice.client
    token = client.page(PAGE).form(PAGE).fields["csrf_token"]

    def give(address: str):
        return client.post(PAGE, data={"csrf_token": token, "background_image": address})

    wrong = ("http://example.org/x.png", "javascript:alert(1)", "https://example.org/'x", "//x.y/z")
    for address in (
        *wrong,
        "https://example.org/x)",
        "https://a@example.org/",
        f"/pictures/{SOME_ID}",
    ):
        answer = give(address)
        assert answer.status_code == 422, address
        assert 'id="background_image-error"' in answer.text
        assert "--picture" not in styles(answer.text)
    before = world.alice.api.get("/api/users/me").get_json()
    assert give("https://example.org/sky.jpg").status_code == 303
    after = world.alice.api.get("/api/users/me").get_json()
    changed = {name for name in after if after[name] != before[name]}
    assert changed - {"updated_at"} == {"background_image"}
    assert 'value="https://example.org/sky.jpg"' in client.get(PAGE).text
    give("")
    assert world.alice.api.get("/api/users/me").get_json()["background_image"] is None


def test_appearance_needs_a_sign_in(client):
    assert client.get(PAGE).headers["Location"].startswith("/login?next=/settings")
    assert client.post(PAGE, data={"theme_mode": "dark"}).status_code in (400, 401, 403)
