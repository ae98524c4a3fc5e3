"""Pictures given as an https address: downloaded once, then served from here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from sqlalchemy import select

from chatapp.core.db import atomic, db
from chatapp.media import download_queue, fetching
from chatapp.models import Picture
from tests.support.https import HttpsSite
from tests.support.photos import photo
from tests.support.pictures import error, files_of, group_of, profile, seen
from tests.support.waiting import wait_until

Drained = Callable[[], None]


@pytest.fixture
def site(app, tmp_path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpsSite]:
    """A server with pictures that this app may download from."""
    site = HttpsSite(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(site.authority))
    settings = replace(
        app.config["SETTINGS"], picture_fetch=True, picture_fetch_allow=("127.0.0.1/32",)
    )
    monkeypatch.setitem(app.config, "SETTINGS", settings)
    yield site.start()
    site.stop()


def me(person) -> dict:
    return person.api.get("/api/users/me").get_json()


def rows(app) -> list[tuple[str, str | None]]:
    with app.app_context():
        return [(one.status, one.source_url) for one in db.session.scalars(select(Picture))]


def test_downloaded_after_the_answer_and_served_from_here(app, world, site, drained: Drained):
    url = site.gives("/ada.png", photo("PNG"))
    given = profile(world.alice, profile_picture=url).get_json()
    assert (given["profile_picture"], given["avatar_url"]) == (url, None)
    drained()
    account = me(world.alice)
    assert account["profile_picture"] == url
    assert seen(world.bob, account["avatar_url"]).size == (256, 256)
    assert profile(world.alice, profile_picture=url, name="Ada").status_code == 200
    drained()
    assert me(world.alice)["avatar_url"] == account["avatar_url"]
    assert site.asked.total() == 1, "what stands isn't fetched again"


@pytest.mark.slow
def test_backgrounds_and_groups_too(app, world, site, drained: Drained):
    url = site.gives("/sky.jpg", photo(size=(2400, 1200)), "image/jpeg")
    profile(world.alice, background_image=url)
    group = group_of(world, group_picture=url)
    drained()
    group = world.bob.api.get(f"/api/groups/{group['id']}").get_json()
    assert seen(world.bob, group["avatar_url"]).size == (256, 256)
    assert world.carol.api.get(group["avatar_url"]).status_code == 404
    changes = f"/api/chat/{group['conversation_id']}/changes"
    changed = world.bob.api.get(changes, after_version=2).get_json()
    assert changed["version"] == 3, "a version of its own, after the making and its message"
    assert changed["conversation"]["avatar_url"] == group["avatar_url"]
    assert len(files_of(app)) == 2


def test_a_failed_download_is_retried_when_given_again(app, world, site, drained):
    url = site.gives("/ada.png", b"<svg/>", "image/svg+xml")
    profile(world.alice, profile_picture=url)
    drained()
    assert (me(world.alice)["profile_picture"], me(world.alice)["avatar_url"]) == (url, None)
    assert rows(app) == [("failed", url)]
    assert files_of(app) == set()
    site.gives("/ada.png", photo("PNG"))
    profile(world.alice, profile_picture=url)
    drained()
    assert me(world.alice)["avatar_url"]
    assert rows(app) == [("ready", url)]


def test_a_replaced_address_is_dropped(app, world, site, drained):
    """The address changes during the download."""
    first = site.url + "/first.png"

    def slowly(handler) -> None:
        answer = profile(world.alice, profile_picture=second)
        assert answer.status_code == 200, answer.text
        site.gives("/first.png", photo("PNG"))
        site.pages["/first.png"](handler)

    site.pages["/first.png"] = slowly
    second = site.gives("/second.png", photo("PNG", colour="navy"))
    profile(world.alice, profile_picture=first)
    drained()
    assert rows(app) == [("ready", second)]
    assert len(files_of(app)) == 1
    assert (
        seen(world.bob, me(world.alice)["avatar_url"]).convert("RGB").getpixel((128, 128))[2] > 90
    )


def test_a_deleted_account_gets_no_picture(app, world, site, drained):
    def slowly(handler) -> None:
        gone = world.alice.api.delete("/api/users/me", {"password": world.alice.password})
        assert gone.status_code == 204
        site.gives("/ada.png", photo("PNG"))
        site.pages["/ada.png"](handler)

    site.pages["/ada.png"] = slowly
    profile(world.alice, profile_picture=site.url + "/ada.png")
    drained()
    assert rows(app) == []
    assert files_of(app) == set()


@pytest.mark.database
def test_waiting_downloads_survive_a_restart(app, world, site, drained):
    url = site.gives("/ada.png", photo("PNG"))
    with app.app_context():
        with atomic() as work:
            work.add(Picture(owner_id=world.alice.id, purpose="profile", source_url=url))
            work.execute(db.update(db.metadata.tables["users"]).values(profile_picture=url))
        fetching.start()
    wait_until(lambda: me(world.alice)["avatar_url"], "the picture is there")
    drained()


@pytest.mark.database
@pytest.mark.slow
def test_few_downloads_at_once(app, world, site, drained):
    """Other background jobs run, however many downloads wait."""
    most = []

    def watch(handler) -> None:
        most.append(len(app.extensions["downloads"].busy))
        site.gives("/one.png", photo("PNG", (8, 8)))
        site.pages["/one.png"](handler)

    for number in range(8):
        site.pages[f"/{number}.png"] = watch
        group_of(world, group_picture=f"{site.url}/{number}.png")
    drained()
    assert len(files_of(app)) == 8
    assert max(most) <= download_queue.MAX_AT_ONCE


def test_private_addresses_are_never_requested(app, world, site, monkeypatch, drained):
    settings = replace(app.config["SETTINGS"], picture_fetch_allow=())
    monkeypatch.setitem(app.config, "SETTINGS", settings)
    url = site.gives("/ada.png", photo("PNG"))
    profile(world.alice, profile_picture=url)
    drained()
    assert site.asked.total() == 0
    assert rows(app) == [("failed", url)]
    assert me(world.alice)["profile_picture"] == url


def test_no_downloads_when_switched_off(app, world, site, monkeypatch, drained):
    monkeypatch.setitem(
        app.config, "SETTINGS", replace(app.config["SETTINGS"], picture_fetch=False)
    )
    profile(world.alice, profile_picture=site.gives("/ada.png", photo("PNG")))
    drained()
    assert rows(app) == []
    assert site.asked.total() == 0


@pytest.mark.slow
def test_the_rate_limit(app, world, site, drained):
    app.extensions["rate_limiter"].configure(True)
    codes = [
        profile(world.alice, profile_picture=f"{site.url}/{number}").status_code
        for number in range(21)
    ]
    assert codes == [200] * 20 + [429]
    error(profile(world.alice, profile_picture=f"{site.url}/x", name="Z"), 429, "rate_limited")
    assert me(world.alice)["name"] == "Alice", "all of it, or nothing"
    drained()
