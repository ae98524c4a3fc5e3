"""When a session is written, and when it is not."""

from __future__ import annotations

import threading
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine, delete, event, func, select, update

from chatapp.auth import sign_ins
from chatapp.auth.signin.browser_session import start_session
from chatapp.core.db import atomic, db
from chatapp.models import StoredSession, User
from chatapp.security.sessions import stored_id
from tests.support.world import PASSWORD

WRITES = ("INSERT", "UPDATE", "DELETE")


@contextmanager
def commits():
    """Collect the transactions of this task that are committed and have written something."""
    made, mine, wrote = [], threading.get_ident(), False

    def note_statement(*args):
        nonlocal wrote
        wrote = wrote or (threading.get_ident() == mine and args[2].startswith(WRITES))

    def note_commit(connection):
        nonlocal wrote
        if threading.get_ident() == mine and wrote:
            made.append(connection)
            wrote = False

    event.listen(Engine, "before_cursor_execute", note_statement)
    event.listen(Engine, "commit", note_commit)
    try:
        yield made
    finally:
        event.remove(Engine, "before_cursor_execute", note_statement)
        event.remove(Engine, "commit", note_commit)


@pytest.fixture
def limited(app):
    app.extensions["rate_limiter"].configure(True)
    yield
    app.extensions["rate_limiter"].configure(False)


pytestmark = pytest.mark.database


def stored(app) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(StoredSession)) or 0


@pytest.mark.slow
def test_a_session_that_is_deleted_meanwhile_is_not_brought_back(app, world, monkeypatch):
    client = world.alice.client
    client.get("/settings/sessions")
    key = stored_id(client.get_cookie("chatapp_session").value)
    really = sign_ins.end_all_sign_ins

    def while_another_request_logs_out(*args, **kwargs):
        with atomic() as work:
            work.execute(delete(StoredSession).where(StoredSession.id == key))
        return really(*args, **kwargs)

    monkeypatch.setattr(sign_ins, "end_all_sign_ins", while_another_request_logs_out)
    answer = client.submit("/settings/sessions", "/settings/sessions/end")
    assert answer.status_code == 303, "it says by the session that it was done"
    with app.app_context():
        assert db.session.get(StoredSession, key) is None
    assert not [name for name in answer.headers.getlist("Set-Cookie") if "chatapp_session" in name]


def test_logging_in_makes_the_form_token_too(world, statements):
    """Two first pages at once would each make their own, and one of them would be out of date."""
    client = world.alice.client
    with statements() as texts:
        client.get("/people")
    assert not [text for text in texts if text.startswith(WRITES)]


def test_a_change_of_rights_gives_a_new_id(app, world):
    client = world.alice.client
    assert client.get("/people").status_code == 200

    def cookie() -> str:
        return client.get_cookie("chatapp_session").value

    for rights in ({"is_staff": True}, {"is_superuser": True}, {"is_staff": False}):
        before = cookie()
        with app.app_context(), atomic() as work:
            work.execute(update(User).where(User.id == world.alice.id).values(rights))
        assert cookie() == before
        assert client.get("/people").status_code == 200
        assert cookie() != before, rights
        after = cookie()
        assert client.get("/people").status_code == 200
        assert cookie() == after
        planted = app.test_client()
        planted.set_cookie("chatapp_session", before)
        assert planted.get("/people").status_code == 302


@pytest.mark.parametrize("path", ["/", "/health", "/login", "/register", "/forgot"])
def test_looking_at_a_page_makes_no_session(app, client, path, statements, monkeypatch):
    monkeypatch.setattr(app.session_interface, "store", None)  # it isn't even asked
    before = stored(app)
    with statements() as texts:
        assert client.get(path).status_code == 200
    assert not [text for text in texts if text.startswith(WRITES)]
    assert client.get_cookie("chatapp_session") is None
    assert stored(app) == before


@pytest.mark.parametrize(("limits", "most"), [(True, 2), (False, 1)])
def test_a_login_is_one_transaction_beside_the_counting(app, world, limits, most, request):
    """The attempt is counted first; the rest is one commit, the session's row included."""
    if limits:
        request.getfixturevalue("limited")
    client = world.alice.client
    client.post("/logout", data={"csrf_token": client.page("/chats").csrf_token})
    form = client.page("/login").form("/login")
    given = {**form.fields, "email": world.alice.email, "password": PASSWORD}
    with commits() as made:
        assert client.post("/login", data=given).status_code == 303
    assert len(made) <= most
    assert client.get("/chats").status_code == 200


def test_a_login_by_rest_is_one_transaction_beside_the_counting(app, world, limited):
    given = {"email": world.alice.email, "password": PASSWORD}
    with commits() as made:
        assert app.test_client().post("/api/auth/login", json=given).status_code == 200
    assert len(made) <= 2


def test_signing_in_again_leaves_nothing_under_the_former_id(app, world):
    client = world.alice.client
    client.get("/chats")
    former = client.get_cookie("chatapp_session").value
    before = stored(app)
    with app.test_request_context("/", headers={"Cookie": f"chatapp_session={former}"}):
        app.preprocess_request()
        start_session(db.session.get(User, world.bob.id))
        answer = app.process_response(app.make_response(""))
    assert f"chatapp_session={former}" not in answer.headers["Set-Cookie"]
    assert stored(app) == before
    assert client.get("/chats").status_code == 302


def test_with_a_token_no_session_is_read(world, statements):
    client = world.alice.client
    headers = {"Authorization": f"Bearer {world.bob.token}"}
    with statements() as texts:
        answer = client.get("/api/users/me", headers=headers)
    assert answer.get_json()["id"] == world.bob.id
    assert not [text for text in texts if "FROM sessions" in text]


def test_a_browser_nobody_signed_in_with_is_remembered_for_a_day(client):
    from datetime import UTC, datetime, timedelta
    from email.utils import parsedate_to_datetime

    cookie = client.get("/login").headers["Set-Cookie"]
    expires = parsedate_to_datetime(cookie.split("Expires=")[1].split(";")[0])
    left = expires - datetime.now(UTC)
    assert timedelta(hours=23) < left < timedelta(hours=25)
