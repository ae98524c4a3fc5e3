"""Static files: cached for good under their content, compressed, beside the application."""

from __future__ import annotations

import gzip
import re

from sqlalchemy import event

from chatapp.web.static_files import STATIC, StaticFiles, _bare, files


def test_an_address_that_changes_with_the_content_is_cached_for_good(app):
    client = app.test_client()
    answer = client.get(files().url("js/app.js"))
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.content_type == "text/javascript; charset=utf-8"
    again = client.get(files().url("js/app.js"), headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    other = client.get("/static/old/js/app.js")
    assert other.data == answer.data
    assert other.headers["Cache-Control"] == "public, no-cache"


def test_nothing_else_is_to_be_had(app):
    client = app.test_client()
    for path in ("x/../../config.py", "x/%2e%2e/config.py", "x/js/", "x/nothing.js", "app.js"):
        assert client.get(f"/static/{path}").status_code == 404, path


def test_text_is_sent_compressed_to_those_who_can_read_it(app):
    client = app.test_client()
    address = files().url("js/app.js")
    plain = client.get(address)
    packed = client.get(address, headers={"Accept-Encoding": "br;q=0.5, gzip"})
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data == (STATIC / "js/app.js").read_bytes()
    for answer in (plain, packed):
        assert answer.headers["Vary"] == "Accept-Encoding"
    refused = client.get(address, headers={"Accept-Encoding": "gzip;q=0"})
    assert "Content-Encoding" not in refused.headers


def test_neither_session_nor_database_is_asked(app, world):
    from chatapp.core.db import db

    asked: list[str] = []
    alice = world.alice.client
    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    answer = alice.get(files().url("css/all.css"))
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers
    assert asked == []


def test_all_sheets_are_in_one_of_two_in_their_order(app):
    one, rest = (
        app.test_client().get(files().url(f"css/{name}")).text for name in ("all.css", "pages.css")
    )
    bundles = ("all.css", "pages.css", "dialogs.css", "mention_completion.css")
    # scripts fetch the last two
    sheets = [path for path in (STATIC / "css").rglob("*.css") if path.name not in bundles]
    small = {path: _bare(path.read_text(encoding="utf-8")).decode() for path in sheets}
    for path, text in small.items():
        assert (one + rest).count(text) == 1, f"{path.name} is in none, or in both"
    assert len(one + rest) - sum(map(len, small.values())) < 300
    one += rest
    assert "@import" not in one
    assert one.index("@layer reset, tokens,") < one.index(":root")
    # sheets stand in different folders: what an address means would depend on it
    assert not re.search(r"url\((?![\"']?data:)", one)


def test_a_changed_file_changes_every_address(tmp_path):
    (tmp_path / "a.css").write_text('@import "b.css";\na {}\n', encoding="utf-8")
    (tmp_path / "b.css").write_text("b {}\n", encoding="utf-8")
    before = StaticFiles(tmp_path)
    assert StaticFiles(tmp_path).version == before.version
    (tmp_path / "b.css").write_text("b { color: red }\n", encoding="utf-8")
    assert StaticFiles(tmp_path).url("a.css") != before.url("a.css")


def test_of_a_sheet_only_comments_and_spaces_around_lines_are_left_out():
    sheet = """
    /* a comment
       of two lines */
    .a :is(b, c) > d /* and one */ {
      content: "/* no comment */" '\\'/*';
    }

    .e{}
    """
    assert _bare(sheet).decode().splitlines() == [
        ".a :is(b, c) > d   {",
        """content: "/* no comment */" '\\'/*';""",
        "}",
        ".e{}",
    ]
