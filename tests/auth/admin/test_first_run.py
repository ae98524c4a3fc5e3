"""The code that the first start printed makes one person the administrator."""

from __future__ import annotations

import dataclasses
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatapp.auth.admin.accounts import set_administrator
from chatapp.security import setup_code
from tests.support.pages import PageClient
from tests.support.world import PASSWORD, register


@pytest.fixture
def folder(app, tmp_path: Path) -> Iterator[Path]:
    """The server's folder, in which a code waits."""
    before = app.config["SETTINGS"]
    app.config["SETTINGS"] = dataclasses.replace(before, instance_dir=tmp_path)
    setup_code.make(tmp_path)
    yield tmp_path
    app.config["SETTINGS"] = before


def code_in(folder: Path) -> str:
    code = setup_code.read(folder)
    assert code
    return code


NEW = {"name": "Ada", "email": "ada@example.org", "password": PASSWORD}


def is_staff(browser: PageClient) -> bool:
    return bool(browser.get("/api/users/me").get_json()["is_staff"])


def test_the_code_file_is_private(folder):
    assert stat.S_IMODE(setup_code.path(folder).stat().st_mode) == 0o600
    before = code_in(folder)
    setup_code.make(folder)
    assert code_in(folder) == before


def test_registering_with_the_code(app, folder):
    browser = PageClient(app)
    done = browser.submit("/setup", code=code_in(folder), **NEW)
    assert done.status_code == 303
    assert is_staff(browser)
    assert "You are now the administrator" in browser.page(done.headers["Location"]).text
    assert setup_code.read(folder) is None
    assert list(folder.glob("setup_code*")) == []
    assert browser.get("/setup").status_code == 404


def test_setup_with_an_existing_account(app, folder):
    ada = register(app, "Ada")
    assert not is_staff(ada.client), "registering alone makes nobody administrator"
    cookie = ada.client.get_cookie("chatapp_session").value
    done = ada.client.submit("/setup", code=code_in(folder))
    assert done.status_code == 303
    assert is_staff(ada.client)
    assert ada.client.get_cookie("chatapp_session").value != cookie, "new rights, new session"


@pytest.mark.parametrize(
    "how",
    [
        str.lower,
        lambda code: code.replace("-", " "),
        lambda code: f" {code} ",
        lambda code: code.replace("0", "o").replace("1", "l"),
    ],
)
def test_the_code_is_read_in_any_notation(app, folder, how):
    assert PageClient(app).submit("/setup", code=how(code_in(folder)), **NEW).status_code == 303


def test_a_wrong_code_is_refused(app, folder):
    code = code_in(folder)
    browser = PageClient(app)
    wrong = ("A" if code[0] != "A" else "B") + code[1:]
    for typed in (wrong, code[:-1], "x", "ü"):
        refused = browser.submit("/setup", code=typed, **NEW)
        assert refused.status_code == 422
        assert "That isn" in refused.text
        assert NEW["email"] in refused.text
        assert PASSWORD not in refused.text
    assert code_in(folder) == code
    assert browser.submit("/login", email=NEW["email"], password=PASSWORD).status_code == 401


def test_a_refused_registration_keeps_the_setup_code(app, folder):
    register(app, "Ada")
    browser = PageClient(app)
    assert browser.submit("/setup", code=code_in(folder), **NEW).status_code == 409
    short = browser.submit("/setup", code=code_in(folder), **{**NEW, "password": "x"})
    assert short.status_code == 422
    other = {**NEW, "email": "other@example.org"}
    assert browser.submit("/setup", code=code_in(folder), **other).status_code == 303


@pytest.mark.slow
def test_guessing_codes_is_limited(app, folder):
    app.extensions["rate_limiter"].configure(True)
    try:
        browser = PageClient(app)
        answers = [browser.submit("/setup", code="x", **NEW).status_code for _ in range(31)]
        assert answers == [422] * 30 + [429]
        right = browser.submit("/setup", code=code_in(folder), **NEW)
        assert right.status_code == 429
        assert int(right.headers["Retry-After"]) > 0
    finally:
        app.extensions["rate_limiter"].configure(False)


@pytest.mark.database
def test_the_code_makes_one_person_administrator(app, folder):
    people = [register(app, name) for name in ("Ada", "Bob", "Carol", "Dave")]
    code = code_in(folder)
    tokens = [one.client.page("/setup").form("/setup").fields["csrf_token"] for one in people]
    answers: list[int] = []

    def go(number: int) -> None:
        form = {"csrf_token": tokens[number], "code": code}
        answers.append(people[number].client.post("/setup", data=form).status_code)

    threads = [threading.Thread(target=go, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [303, 404, 404, 404]
    assert sum(is_staff(one.client) for one in people) == 1


def test_setup_without_a_code(app, tmp_path):
    answer = PageClient(app).get("/setup")
    assert answer.status_code == 404
    assert "flask --app wsgi user staff" in answer.text


def test_an_administrator_made_elsewhere_ends_setup(app, folder):
    ada = register(app, "Ada")
    with app.app_context():
        set_administrator(ada.id, True)
    assert setup_code.read(folder) is None


def test_setup_ignores_closed_registration(app, folder):
    app.config["SETTINGS"] = dataclasses.replace(app.config["SETTINGS"], registration="closed")
    assert PageClient(app).submit("/setup", code=code_in(folder), **NEW).status_code == 303
