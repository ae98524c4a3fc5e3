"""Pictures by forms, without a script."""

from __future__ import annotations

import io

import pytest

from tests.support.photos import photo
from tests.support.pictures import files_of, group_of, seen


def choose(person, action: str, data: bytes | None):
    fields: dict = {"csrf_token": person.client.page("/people").csrf_token}
    if data is not None:
        fields["file"] = (io.BytesIO(data), "me.jpg")
    return person.client.post(action, data=fields, content_type="multipart/form-data")


def remove(person, action: str) -> None:
    token = person.client.page("/people").csrf_token
    answer = person.client.post(f"{action}/remove", data={"csrf_token": token})
    assert answer.status_code == 303


def told(person, words: str) -> None:
    assert words in person.client.page("/settings/appearance").text


@pytest.mark.slow
def test_own_picture(app, world):
    page, action = "/settings/profile", "/settings/profile/picture"
    answer = choose(world.alice, action, photo())
    assert (answer.status_code, answer.location) == (303, page + "#picture")
    told(world.alice, "Your picture has been changed.")
    url = world.alice.api.get("/api/users/me").get_json()["avatar_url"]
    assert seen(world.bob, url).size == (256, 256)
    for place in ("/chats", f"/chats/{world.conversation_id}", "/people"):
        assert f'src="{url}"' in world.bob.client.get(place).text, place
    remove(world.alice, action)
    told(world.alice, "Your picture has been removed.")
    assert world.alice.api.get("/api/users/me").get_json()["avatar_url"] is None
    assert files_of(app) == set()


def test_a_background(world):
    page, action = "/settings/appearance", "/settings/appearance/background"
    assert choose(world.alice, action, photo(size=(800, 600))).status_code == 303
    account = world.alice.api.get("/api/users/me").get_json()
    assert seen(world.alice, account["background_image"]).size == (800, 600)
    assert f"url({account['background_image']})" in world.alice.client.get(page).text
    remove(world.alice, action)
    assert world.alice.api.get("/api/users/me").get_json()["background_image"] is None


@pytest.mark.slow
def test_a_picture_of_a_group(world):
    group = group_of(world)
    action = f"/groups/{group['id']}/picture"
    assert choose(world.alice, action, photo()).status_code == 303
    url = world.bob.api.get(f"/api/groups/{group['id']}").get_json()["avatar_url"]
    assert seen(world.bob, url)
    assert f'src="{url}"' in world.bob.client.get(f"/chats/{group['conversation_id']}").text
    assert f'src="{url}"' in world.bob.client.get(f"/groups/{group['id']}").text
    assert choose(world.bob, action, photo()).status_code == 403, "a plain member"
    remove(world.alice, action)
    assert world.alice.api.get(f"/api/groups/{group['id']}").get_json()["avatar_url"] is None


def test_errors_are_shown_on_the_page(app, world):
    page, action = "/settings/profile", "/settings/profile/picture"
    for data, words in (
        (b"<svg/>", "we can show. Choose a JPEG"),
        (photo()[:-2000], "This picture is damaged"),
        (None, "Choose a file first"),
    ):
        answer = choose(world.alice, action, data)
        assert (answer.status_code, answer.location) == (303, page + "#picture")
        told(world.alice, words)
    assert files_of(app) == set()


def test_a_form_of_another_site_changes_nothing(app, world):
    data = {"file": (io.BytesIO(photo()), "me.jpg")}
    form = "multipart/form-data"
    for path in ("/settings/profile/picture", "/settings/appearance/background"):
        answer = world.alice.client.post(path, data=dict(data), content_type=form)
        assert answer.status_code == 403
        data = {"file": (io.BytesIO(photo()), "me.jpg")}
    assert files_of(app) == set()
