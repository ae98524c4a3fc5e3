"""Template themes: whose page has which, what a folder overrides, and what settings allow."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import flask
import pytest
from sqlalchemy import update
from sqlalchemy.exc import OperationalError

from chatapp.core.db import atomic
from chatapp.models import User
from chatapp.web import themes
from chatapp.web.themes import ThemedEnvironment
from tests.support.clone import copy_repository
from tests.support.process import TOP


def choose(person, theme: str | None) -> None:
    with person.app.app_context(), atomic() as work:
        work.execute(update(User).where(User.id == person.id).values(theme=theme))


@pytest.fixture
def small(settings, tmp_path: Path) -> flask.Flask:
    """An application of two templates, with the themes `one` and `two`."""
    folder = tmp_path / "templates"
    for name, words in {
        "page.html": "{% extends 'frame.html' %}{% block body %}{{ say() }}{% endblock %}"
        "{% from '_say.html' import say %}",
        "frame.html": "<{% block body %}{% endblock %}>",
        "_say.html": "{% from '_word.html' import word %}"
        "{% macro say() %}{{ word() }}{% endmacro %}",
        "_word.html": "{% macro word() %}plain{% endmacro %}",
        "themes/one/_word.html": "{% from 'original/_word.html' import word as old %}"
        "{% macro word() %}not {{ old() }}{% endmacro %}",
        "themes/two/frame.html": "{% extends 'original/frame.html' %}"
        "{% block body %}two{% endblock %}",
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(words, encoding="utf-8")
    app = flask.Flask("small", template_folder=str(folder))
    app.config["SETTINGS"] = replace(settings, themes=("one", "two"), default_theme="two")
    app.jinja_environment = ThemedEnvironment
    return app


def page_of(app: flask.Flask, theme: str) -> str:
    with app.test_request_context():
        flask.g.theme = theme
        return flask.render_template("page.html")


def test_a_folder_overrides_what_any_template_asks_for(small):
    assert page_of(small, "one") == "<not plain>"
    assert page_of(small, "two") == "<plain>"
    assert page_of(small, "one") == "<not plain>", "a macro imported once stays its own theme's"


def test_the_first_of_several_templates_is_found_in_the_theme_too(small):
    with small.test_request_context():
        flask.g.theme = "one"
        found = flask.render_template(["missing.html", "page.html"])
    assert found == "<not plain>"


def test_no_template_is_compiled_twice(small):
    with small.test_request_context():
        flask.g.theme = "one"
        one = small.jinja_env.get_template("page.html")
        assert small.jinja_env.get_template("page.html") is one
        flask.g.theme = "two"
        assert small.jinja_env.get_template("page.html") is not one


def test_outside_of_requests_the_default_counts(small):
    with small.app_context():
        assert themes.current() == "two"
        assert small.jinja_env.get_template("frame.html").render() == "<two>"


@pytest.mark.slow
def test_themes_dont_meet_in_one_process(small):
    """Twenty threads, each rendering its own theme."""
    wrong: list[str] = []

    def render(theme: str, expected: str) -> None:
        for _ in range(50):
            if (page := page_of(small, theme)) != expected:
                wrong.append(page)

    pairs = [("one", "<not plain>"), ("two", "<plain>")] * 10
    threads = [threading.Thread(target=render, args=pair) for pair in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_page_has_its_readers_theme(world):
    choose(world.alice, "plain")
    path = f"/chats/{world.conversation_id}"
    assert "themes/plain.css" in world.alice.client.get(path).text
    assert "themes/" not in world.bob.client.get(path).text
    choose(world.alice, "bubbles")
    assert "themes/" not in world.alice.client.get(path).text


def test_whoever_chose_nothing_or_what_is_gone_has_the_sites_own(
    world, app, client, settings, monkeypatch
):
    monkeypatch.setitem(app.config, "SETTINGS", replace(settings, default_theme="plain"))
    choose(world.bob, "a-theme-that-was-taken-away")
    for who in (world.alice.client, world.bob.client):
        assert "themes/plain.css" in who.get("/chats").text
    assert "themes/plain.css" in client.get("/").text
    assert "themes/plain.css" in client.get("/nothing-is-here").text
    choose(world.bob, "bubbles")
    assert "themes/" not in world.bob.client.get("/chats").text
    only = replace(settings, themes=("plain",), default_theme="plain")
    monkeypatch.setitem(app.config, "SETTINGS", only)
    assert "themes/plain.css" in world.bob.client.get("/chats").text
    assert 'name="theme"' not in world.bob.client.get("/settings/appearance").text
    assert world.bob.api.patch("/api/users/me", {"theme": "bubbles"}).status_code == 200, "stands"
    assert world.alice.api.patch("/api/users/me", {"theme": "bubbles"}).status_code == 422


def test_an_error_is_told_without_asking_who_looks(world, app, settings, monkeypatch):
    """Its page has the site's own theme, also where the database is away."""
    choose(world.alice, "bubbles")
    client = world.alice.client
    monkeypatch.setitem(app.config, "SETTINGS", replace(settings, default_theme="plain"))
    assert "themes/" not in client.get("/chats").text

    def away(*_args, **_kwargs):
        raise OperationalError("SELECT", {}, Exception("the database is away"))

    monkeypatch.setattr("chatapp.security.sign_in_lookup.db.session.execute", away)
    answer = client.get("/chats")
    assert answer.status_code == 503
    assert "themes/plain.css" in answer.text
    assert "One moment, please" in answer.text


@pytest.mark.slow
def test_a_third_theme_is_a_copied_folder(tmp_path: Path):
    """In a copy of the repository, as docs/themes.md tells it."""
    copy_repository(tmp_path)
    shutil.copytree(tmp_path / "templates/themes/plain", tmp_path / "templates/themes/harbour")
    (tmp_path / "static/themes/harbour.css").write_text(
        ":root { --canvas: light-dark(#eef, #112) }", encoding="utf-8"
    )
    message = tmp_path / "templates/themes/harbour/home.html"
    message.write_text(
        '{% extends "original/home.html" %}{% block title %}The harbour{% endblock %}',
        encoding="utf-8",
    )
    seen = """
from chatapp import create_app
client = create_app().test_client()
page = client.get("/").text
assert "<title>The harbour</title>" in page, page
assert "Conversations that stay" in page, "the rest of the original"
sheet = page.split('<link rel="stylesheet" href="')[-1].split('"')[0]
answer = client.get(sheet)
assert sheet.endswith("/themes/harbour.css"), sheet
assert answer.status_code == 200 and "--canvas" in answer.text
assert "The harbour" not in client.get("/login").text
"""
    environ = {
        **os.environ,
        "INSTANCE_DIR": str(tmp_path / "instance"),
        "THEMES": "bubbles, harbour",
        "DEFAULT_THEME": "harbour",
    }
    command = [sys.executable, "-c", seen]
    done = subprocess.run(
        command, cwd=tmp_path, env=environ, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_shipped_themes_say_what_they_are():
    for folder in (TOP / "templates/themes").iterdir():
        assert (folder / "_about.html").read_text(encoding="utf-8").strip().endswith(".")


def test_what_the_docs_name_is_there():
    """docs/themes.md is all that whoever makes a theme goes by."""
    words = (TOP / "docs/themes.md").read_text(encoding="utf-8")
    sheets = "".join(
        path.read_text(encoding="utf-8") for path in (TOP / "static/css").rglob("*.css")
    )
    table = words[words.index("| tokens |") : words.index("**Contrast.**")]
    tokens = set(re.findall(r"`(--[\w-]+)`", table))
    assert len(tokens) > 30
    assert [token for token in tokens if f"{token}:" not in sheets] == []
    there = {str(path) for path in (TOP / "templates").rglob("*.html")}
    named = set(re.findall(r"`((?:[a-z]+/)?[\w]+\.html)`", words[words.index("| template |") :]))
    assert len(named) > 8
    assert [n for n in named if not any(path.endswith(f"/{n}") for path in there)] == []
