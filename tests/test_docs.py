"""The documents name what there is."""

from __future__ import annotations

import re

from chatapp.realtime.dialect import COLON
from chatapp.security.scopes import SCOPES
from tests.support.process import TOP

API = (TOP / "docs" / "api.md").read_text(encoding="utf-8")


def test_every_call_has_its_line(app):
    for rule in app.url_map.iter_rules():
        if not rule.rule.startswith(("/api/", "/health")) or rule.endpoint.startswith("cookie."):
            continue  # a page, or a call of a dialect, which docs/dialects.md names
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            assert f"| `{method} {rule.rule}` |" in API, (method, rule.rule)


def test_every_call_that_is_named_exists(app):
    rules = {
        (method, rule.rule) for rule in app.url_map.iter_rules() for method in rule.methods or ()
    }
    for method, path in re.findall(r"^\| `(GET|POST|PUT|PATCH|DELETE) (\S+)` \|", API, re.M):
        assert (method, path) in rules, (method, path)


def test_every_event_has_its_line(app):
    client_part = API.split("| client → server |")[1].split("| server → client |")[0]
    named = set(re.findall(r"^\| `([a-z:-]+)` \|", client_part, re.M))
    assert named == set(COLON.handlers)


def test_links_between_documents_lead_somewhere():
    for path in [*TOP.glob("*.md"), *(TOP / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (path.parent / target).exists(), (path.name, target)


def test_every_scope_has_its_line():
    text = (TOP / "docs" / "service-tokens.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `([a-z]+:[a-z]+)` \| (.*) \|$", text, re.M) == list(SCOPES.items())


def test_the_glossary_names_files_that_exist():
    text = (TOP / "docs" / "glossary.md").read_text(encoding="utf-8")
    paths = re.findall(r"`((?:chatapp|docs)/[a-z_./]+)`", text)
    assert paths
    assert [path for path in paths if not (TOP / path).exists()] == []


def test_the_table_of_changes_names_files_that_exist():
    text = (TOP / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (?!to change)[^|]+ \| (.+) \|$", text, re.M)
    assert len(rows) >= 25
    for row in rows:
        paths = re.findall(r"`([\w./]+)`", row)
        assert paths, row
        assert [path for path in paths if not (TOP / path).exists()] == [], row


def test_modules_named_in_the_documents_exist():
    """A path such as `core/db.py` stands for a file of the repository or of chatapp/."""
    folders = ("", "chatapp", "static", "static/js", "static/css", "templates")
    for path in [*TOP.glob("*.md"), *(TOP / "docs").rglob("*.md")]:
        if path.name == "CHANGELOG.md":
            continue
        named = re.findall(r"`([\w-]+/[\w./-]+\.(?:py|js))`", path.read_text(encoding="utf-8"))
        missing = [
            one for one in named if not any((TOP / folder / one).exists() for folder in folders)
        ]
        assert missing == [], path.name
