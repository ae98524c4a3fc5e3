"""Uploads: re-encoding, visibility and deletion."""

from __future__ import annotations

import io
import json
import time
import zipfile

import pytest
from PIL import Image
from sqlalchemy import func, select

from chatapp.core.db import db
from chatapp.media.service import MAX_UNUSED_UPLOADS
from chatapp.models import Picture
from tests.support.photos import GPS, MAKER, ORIENTATION, photo, png_of_size
from tests.support.pictures import error, files_of, group_of, profile, seen, upload, uploaded
from tests.support.waiting import at_most

pytestmark = pytest.mark.database

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
HTML = b"<!doctype html><script>alert(1)</script>"


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "GIF"])
def test_a_picture_is_cropped_square_and_reencoded(world, format_):
    made = uploaded(world.alice, format_=format_)
    assert (made["width"], made["height"], made["mime_type"]) == (256, 256, "image/webp")
    assert made["url"] == f"/pictures/{made['id']}"
    answer = world.alice.api.get(made["url"])
    assert len(answer.data) == made["size"]
    assert answer.content_type == "image/webp"
    kept = Image.open(io.BytesIO(answer.data))
    assert (kept.format, kept.size) == ("WEBP", (256, 256))
    assert kept.convert("RGB").getpixel((128, 128))[1] > 100, "its middle is green"


@pytest.mark.slow
def test_a_background_keeps_its_shape(world):
    large = uploaded(world.alice, "background", size=(4000, 1000))
    assert (large["width"], large["height"]) == (1920, 480)
    small = uploaded(world.alice, "background", size=(300, 200))
    assert (small["width"], small["height"]) == (300, 200), "nothing is made larger"


def test_small_pictures_stay_small(world):
    assert uploaded(world.alice, size=(60, 40))["width"] == 40


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP"])
def test_the_orientation_is_applied(world, format_):
    """Red is at the left; rotated by 90° it is at the top."""
    made = uploaded(world.alice, "background", format_=format_, orientation=6)
    assert (made["width"], made["height"]) == (480, 640)
    kept = seen(world.alice, made["url"]).convert("RGB")
    assert kept.getpixel((240, 20))[0] > 180
    assert kept.getpixel((240, 600))[0] < 120


def test_metadata_is_dropped(world):
    made = uploaded(world.alice, orientation=3)
    data = world.alice.api.get(made["url"]).data
    assert MAKER.encode() not in data
    kept = Image.open(io.BytesIO(data))
    assert dict(kept.getexif()) == {}
    assert not kept.getexif().get_ifd(GPS)
    assert not {"exif", "icc_profile", "xmp", "comment"} & set(kept.info)
    assert ORIENTATION not in kept.getexif()


def test_pictures_of_other_modes(world):
    for mode in ("L", "P", "1", "CMYK"):
        assert uploaded(world.alice, format_="JPEG" if mode == "CMYK" else "PNG", mode=mode)["id"]


def test_transparency_is_kept(world):
    file = io.BytesIO()
    Image.new("RGBA", (300, 300), (0, 0, 0, 0)).save(file, "PNG")
    made = upload(world.alice, file.getvalue()).get_json()
    assert seen(world.alice, made["url"]).getpixel((5, 5))[3] == 0


NO_PICTURES = [
    (SVG, "me.svg", "image/svg+xml"),
    (SVG, "me.svg.png", "image/png"),
    (HTML, "me.html", "text/html"),
    (HTML, "me.png", "image/png"),
    (b"%PDF-1.7\n/JS (app.alert(1))", "me.pdf.jpg", "image/jpeg"),
    (b"GIF89a=1;alert(1)//", "me.gif", "image/gif"),
    (b"BM" + b"\0" * 100, "me.bmp", "image/bmp"),
    (b"\0", "me\0.png", "image/png"),
]


def test_other_files_are_refused(app, world):
    for data, name, type_ in NO_PICTURES:
        answer = upload(world.alice, data, name=name, type_=type_)
        assert answer.status_code in (415, 422), (name, answer.text)
        assert answer.get_json()["error"]["code"] in ("unsupported_media_type", "validation_failed")
    assert files_of(app) == set()


NAMES = ("x.html", "../../x.php", "..\\x", "x.svg.png", "CON", "a;b.png", "\u202egpj.x", "x" * 5000)


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "GIF"])
def test_a_page_inside_a_picture_is_gone(app, world, format_):
    both = photo(format_, (60, 40)) + HTML
    for name in NAMES:
        made = upload(world.alice, both, name=name, type_="text/html")
        assert made.status_code == 201, (name, made.text)
        answer = world.alice.api.get(made.get_json()["url"])
        assert b"script" not in answer.data
        assert answer.content_type == "image/webp"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert answer.headers["Content-Disposition"] == "inline"
    assert all(len(name) == 36 for name in files_of(app))


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_bombs_are_refused_before_they_are_decoded(world):
    for size in ((50_000, 50_000), (10_000, 9000), (4001, 4000)):
        began = time.monotonic()
        said = error(upload(world.alice, png_of_size(*size)), 422, "validation_failed")
        assert "megapixels" in said["fields"]["file"]
        assert time.monotonic() - began < at_most(1)


def test_damaged_pictures_are_refused(world):
    said = error(upload(world.alice, photo()[:-2000]), 422, "validation_failed")
    assert "damaged" in said["fields"]["file"]
    scans = photo().replace(b"\xff\xda", b"\xff\xda" * 200)
    error(upload(world.alice, scans), 422, "validation_failed")


def test_required_fields(world):
    alice = world.alice
    error(alice.api.post("/api/pictures", {"file": "x"}), 415, "unsupported_media_type")
    missing = alice.api.call(
        "POST", "/api/pictures", data={"purpose": "profile"}, content_type="multipart/form-data"
    )
    assert "file" in error(missing, 422, "validation_failed")["fields"]
    assert "purpose" in error(upload(alice, photo(), "avatar"), 422, "validation_failed")["fields"]


def test_the_size_limit(app, world):
    fits = photo("PNG") + b"\0" * (9 * 1024 * 1024)
    assert upload(world.alice, fits).status_code == 201
    too_large = b"\0" * (10 * 1024 * 1024 + 1)
    error(upload(world.alice, too_large), 413, "too_large")
    error(upload(world.alice, too_large + b"\0" * 100_000), 413, "too_large")
    elsewhere = world.alice.api.call(
        "POST", "/api/groups", data=b"{" + b" " * 300_000, content_type="application/json"
    )
    error(elsewhere, 413, "too_large")


def test_who_sees_the_picture_of_a_person(world):
    made = uploaded(world.alice)
    assert world.bob.api.get(made["url"]).status_code == 404, "not used yet"
    answer = profile(world.alice, profile_picture=made["url"])
    assert answer.status_code == 200, answer.text
    account = answer.get_json()
    assert account["avatar_url"] == account["profile_picture"] == made["url"]
    for person in (world.alice, world.bob, world.carol):
        assert seen(person, made["url"]).size == (256, 256)
        assert person.client.get(made["url"]).status_code == 200
    nobody = world.carol.api.__class__(world.alice.app, None)
    assert nobody.get(made["url"]).status_code == 302


def test_it_is_shown_wherever_the_person_is(world):
    url = uploaded(world.alice)["url"]
    profile(world.alice, profile_picture=url)
    api = world.bob.api
    assert api.get(f"/api/users/{world.alice.id}").get_json()["avatar_url"] == url
    listed = api.get("/api/chat").get_json()["items"][0]
    assert listed["avatar_url"] == url
    assert {p["id"]: p["avatar_url"] for p in listed["participants"]} == {
        world.alice.id: url,
        world.bob.id: None,
    }
    assert listed["last_message"]["sender"]["avatar_url"] == url
    group = group_of(world)
    assert group["avatar_url"] is None
    assert {one["avatar_url"] for one in group["members"]} == {url, None}


def test_it_needs_no_more_statements(world, statements):
    def counted() -> int:
        with statements() as texts:
            assert world.bob.api.get("/api/chat").status_code == 200
        return len(texts)

    before = counted()
    profile(world.alice, profile_picture=uploaded(world.alice)["url"])
    assert counted() == before


def test_a_group_picture_is_for_its_members(world):
    made = uploaded(world.alice, "group")
    group = group_of(world, group_picture=made["url"])
    assert group["avatar_url"] == made["url"]
    assert seen(world.bob, made["url"])
    absent = world.carol.api.get("/pictures/00000000-0000-4000-8000-000000000000")
    theirs = world.carol.api.get(made["url"])
    assert (theirs.status_code, absent.status_code) == (404, 404)
    world.alice.api.delete(f"/api/groups/{group['id']}/members/{world.bob.id}")
    assert world.bob.api.get(made["url"]).status_code == 404


def test_a_background_is_for_its_owner(world):
    url = uploaded(world.alice, "background")["url"]
    assert profile(world.alice, background_image=url).get_json()["background_image"] == url
    assert seen(world.alice, url)
    assert world.bob.api.get(url).status_code == 404


def test_only_own_uploads_for_this_purpose(world):
    mine, his = uploaded(world.alice), uploaded(world.bob)
    for fields in ({"profile_picture": his["url"]}, {"background_image": mine["url"]}):
        said = error(profile(world.alice, **fields), 422, "validation_failed")
        assert list(said["fields"]) == list(fields)
    answer = world.alice.api.post("/api/groups", {"name": "x", "group_picture": mine["url"]})
    assert list(error(answer, 422, "validation_failed")["fields"]) == ["group_picture"]


def test_browsers_cache_it(world):
    made = uploaded(world.alice)
    first = world.alice.api.get(made["url"])
    assert first.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    assert "Cookie" in first.headers["Vary"]
    again = world.alice.api.call(
        "GET", made["url"], headers={"If-None-Match": first.headers["ETag"]}
    )
    assert (again.status_code, again.data) == (304, b"")
    carols = world.carol.api.call(
        "GET", made["url"], headers={"If-None-Match": first.headers["ETag"]}
    )
    assert carols.status_code == 404


def test_replaced_pictures_are_deleted(app, world):
    first, second = uploaded(world.alice), uploaded(world.alice)
    profile(world.alice, profile_picture=first["url"])
    profile(world.alice, profile_picture=second["url"])
    assert files_of(app) == {second["id"]}
    assert world.alice.api.get(first["url"]).status_code == 404
    assert profile(world.alice, profile_picture=None).get_json()["avatar_url"] is None
    assert files_of(app) == set()
    error(profile(world.alice, profile_picture=second["url"]), 422, "validation_failed")


def test_a_picture_of_two_groups_is_deleted_with_the_second(app, world):
    made = uploaded(world.alice, "group")
    ours, others = (group_of(world, group_picture=made["url"]) for _ in range(2))
    world.alice.api.patch(f"/api/groups/{ours['id']}", {"group_picture": None})
    assert files_of(app) == {made["id"]}
    assert world.alice.api.delete(f"/api/groups/{others['id']}").status_code == 204
    assert files_of(app) == set()


def test_a_group_keeps_the_picture_of_a_former_member(app, world):
    made = uploaded(world.alice, "group")
    group = group_of(world, group_picture=made["url"])
    world.alice.api.delete("/api/users/me", {"password": world.alice.password})
    assert seen(world.bob, made["url"])
    cleared = world.bob.api.patch(f"/api/groups/{group['id']}", {"group_picture": None})
    assert cleared.status_code == 200, cleared.text
    assert files_of(app) == set()


@pytest.mark.slow
def test_a_deleted_account_leaves_no_picture(app, world):
    for purpose in ("profile", "profile", "background", "group"):
        url = uploaded(world.alice, purpose)["url"]
    profile(world.alice, background_image=uploaded(world.alice, "background")["url"])
    profile(world.alice, profile_picture=uploaded(world.alice)["url"])
    assert len(files_of(app)) == 6
    world.alice.api.delete("/api/users/me", {"password": world.alice.password})
    assert files_of(app) == set()
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Picture)) == 0
    assert world.bob.api.get(url).status_code == 404


def test_old_unused_uploads_are_deleted(app, world):
    used = uploaded(world.alice, size=(8, 8))
    profile(world.alice, profile_picture=used["url"])
    made = [uploaded(world.alice, size=(8, 8))["id"] for _ in range(MAX_UNUSED_UPLOADS + 3)]
    assert files_of(app) == {used["id"], *made[3:]}


@pytest.mark.slow
def test_the_rate_limit(app, world):
    app.extensions["rate_limiter"].configure(True)
    codes = [upload(world.alice, photo(size=(8, 8))).status_code for _ in range(21)]
    assert codes == [201] * 20 + [429]
    assert upload(world.bob, photo(size=(8, 8))).status_code == 201


def test_pictures_are_part_of_the_export(world):
    made = uploaded(world.alice)
    uploaded(world.bob)
    archive = zipfile.ZipFile(io.BytesIO(world.alice.api.get("/api/users/me/data").data))
    assert [name for name in archive.namelist() if name.startswith("pictures/")] == [
        f"pictures/{made['id']}.webp"
    ]
    listed = json.loads(archive.read("profile.json"))["pictures"]
    assert [one["id"] for one in listed] == [made["id"]]
