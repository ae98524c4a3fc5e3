"""What counts as a credential, and what is noted of its use."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from chatapp.auth import sign_ins
from chatapp.core.db import atomic, db, now
from chatapp.core.events import CredentialEnded
from chatapp.models import SignIn, User
from chatapp.security.sign_in_lookup import still_valid
from tests.support.world import Api

pytestmark = pytest.mark.database

WRITES = ("INSERT", "UPDATE", "DELETE")


def rows(app, user_id):
    with app.app_context():
        standing = select(SignIn).where(SignIn.user_id == user_id, SignIn.ended_at.is_(None))
        return db.session.scalars(standing.order_by(SignIn.created_at)).all()


def long_ago(app, **ago):
    with app.app_context(), atomic() as work:
        for name, age in ago.items():
            work.execute(update(SignIn).values({name: now() - age}))


def test_a_browser_and_a_client_are_one_sign_in_each(app, world):
    assert world.alice.client.get("/chats").status_code == 200
    token, session = rows(app, world.alice.id)
    assert (token.kind, session.kind) == ("token", "session")
    assert token.ip == session.ip == "127.0.0.1"
    assert session.user_agent.startswith("Werkzeug/")
    assert session.expires_at > token.expires_at


def test_a_user_agent_is_kept_as_one_short_line(app, world):
    agent = "Browser\t\x1b[31mred\x85 " + "x" * 2000
    login = {"email": world.alice.email, "password": world.alice.password}
    Api(app, None).call("POST", "/api/auth/login", login, headers={"User-Agent": agent})
    kept = rows(app, world.alice.id)[-1].user_agent
    assert kept.startswith("Browser  [31mred  xxx")
    assert len(kept) == 400


def test_use_is_noted_once_in_five_minutes(app, world, statements):
    client = world.alice.client
    client.get("/people")  # its token for forms is made by the first page
    for ago, written in ((timedelta(minutes=4), 0), (timedelta(minutes=5), 1)):
        for get in (lambda: client.get("/people"), lambda: world.alice.api.get("/api/users/me")):
            long_ago(app, last_used_at=ago)
            with statements() as texts:
                assert get().status_code == 200
                assert get().status_code == 200
            assert len([text for text in texts if text.startswith(WRITES)]) == written, ago
            assert len([text for text in texts if "FROM users JOIN sign_ins" in text]) == 2
    token, session = rows(app, world.alice.id)
    assert token.last_used_at > now() - timedelta(minutes=1)
    assert session.last_used_at < now() - timedelta(minutes=4)


def test_a_browser_that_comes_back_stays_signed_in(app, world):
    client = world.alice.client
    client.get("/people")
    lifetime = app.permanent_session_lifetime
    with app.app_context(), atomic() as work:
        soon = {"last_used_at": now() - timedelta(hours=1), "expires_at": now() + lifetime / 2}
        work.execute(update(SignIn).values(soon))
    answer = client.get("/people")
    assert "Expires=" in answer.headers["Set-Cookie"]
    token, session = rows(app, world.alice.id)
    assert session.expires_at > now() + lifetime * 0.99
    assert token.expires_at < now() + lifetime * 0.51, "a token's end stands in the token"
    assert "Set-Cookie" not in client.get("/people").headers


def test_ending_all_sign_ins_but_one(app, world):
    client, api = world.alice.client, world.alice.api
    assert client.get("/people").status_code == 200
    token, session = rows(app, world.alice.id)
    with app.app_context():
        assert sign_ins.end_all_sign_ins(world.alice.id, except_id=token.id) == 1
        assert sign_ins.end_all_sign_ins(world.alice.id, except_id=token.id) == 0
    assert api.get("/api/users/me").status_code == 200
    assert client.get("/people").status_code == 302
    with app.app_context(), atomic() as work:
        work.execute(update(SignIn).where(SignIn.id == session.id).values(ended_at=None))
    assert client.get("/people").status_code == 302, "the session was emptied when it was over"
    with app.app_context():
        assert sign_ins.end_all_sign_ins(world.alice.id) == 2
    assert api.get("/api/users/me").status_code == 401
    assert world.bob.api.get("/api/users/me").status_code == 200


def test_ending_joins_the_surrounding_transaction(app, world):
    with app.app_context(), pytest.raises(RuntimeError, match="not now"), atomic():
        sign_ins.end_all_sign_ins(world.alice.id)
        raise RuntimeError("not now")
    assert world.alice.api.get("/api/users/me").status_code == 200


def test_an_ended_sign_in_is_announced_by_its_id(app, world, heard):
    (token,) = rows(app, world.alice.id)
    with app.app_context():
        sign_ins.end_all_sign_ins(world.alice.id)
    assert heard == [CredentialEnded(token.id)]


@pytest.fixture
def heard(app):
    signals = []
    end = app.extensions["events"].receive(CredentialEnded, signals.append)
    yield signals
    end()


def test_a_deactivated_person_has_no_sign_ins(app, world):
    client = world.alice.client
    ids = {row.id for row in rows(app, world.alice.id)}
    with app.app_context(), atomic() as work:
        work.execute(update(User).where(User.id == world.alice.id).values(is_active=False))
    assert client.get("/people").status_code == 302
    assert world.alice.api.get("/api/users/me").status_code == 401
    with app.app_context():
        assert still_valid(ids) == set()


def test_sessions_and_tokens_are_not_interchangeable(app, world):
    """Neither kind of credential opens with the other's id."""
    world.alice.client.get("/chats")
    token, session = rows(app, world.alice.id)
    with app.app_context(), atomic() as work:
        work.execute(update(SignIn).where(SignIn.id == token.id).values(kind="session"))
        work.execute(update(SignIn).where(SignIn.id == session.id).values(kind="token"))
    assert world.alice.api.get("/api/users/me").status_code == 401
    assert world.alice.client.get("/people").status_code == 302


def ids(api):
    return {item["id"] for item in api.get("/api/auth/sessions").get_json()["items"]}


def test_the_list_of_sign_ins(world):
    world.alice.client.get("/people", headers={"User-Agent": "Browser"})
    body = world.alice.api.get("/api/auth/sessions").get_json()
    assert body["next_cursor"] is None
    by_kind = {item["kind"]: item for item in body["items"]}
    assert set(by_kind) == {"session", "token"}
    assert set(by_kind["token"]) == {
        *("id", "kind", "user_agent", "ip", "created_at", "last_used_at", "current")
    }
    assert by_kind["token"]["current"] is True
    assert by_kind["session"]["current"] is False
    assert ids(world.alice.api).isdisjoint(ids(world.bob.api))


def test_the_list_of_sign_ins_is_paged(app, world):
    login = {"email": world.alice.email, "password": world.alice.password}
    for _ in range(6):
        Api(app, None).post("/api/auth/login", login)
    everything = ids(world.alice.api)
    assert len(everything) == 7
    found, cursor = [], None
    for _ in range(4):
        page = world.alice.api.get("/api/auth/sessions", limit=2, cursor=cursor or "").get_json()
        found += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert cursor is None
    assert sorted(found) == sorted(everything)
    assert world.alice.api.get("/api/auth/sessions", cursor="x").status_code == 422


def test_ending_one_by_the_api(app, world):
    alice = world.alice
    assert alice.client.get("/people").status_code == 200
    items = alice.api.get("/api/auth/sessions").get_json()["items"]
    session = next(item for item in items if item["kind"] == "session")
    address = f"/api/auth/sessions/{session['id']}"
    assert world.bob.api.delete(address).status_code == 404
    assert alice.client.get("/people").status_code == 200
    assert alice.api.delete(address).status_code == 204
    assert alice.client.get("/people").status_code == 302
    assert alice.api.delete(address).status_code == 404
    mine = next(item["id"] for item in items if item["current"])
    assert alice.api.delete(f"/api/auth/sessions/{mine}").status_code == 204
    assert alice.api.get("/api/users/me").status_code == 401


def test_ending_all_others_by_the_api(app, world):
    login = {"email": world.alice.email, "password": world.alice.password}
    other = Api(app, Api(app, None).post("/api/auth/login", login).get_json()["token"])
    assert world.alice.api.delete("/api/auth/sessions").status_code == 204
    assert other.get("/api/users/me").status_code == 401
    assert len(ids(world.alice.api)) == 1
    assert world.bob.api.get("/api/users/me").status_code == 200


def test_expired_sign_ins_are_deleted(app, world):
    world.alice.client.get("/people")
    token, session = rows(app, world.alice.id)
    with app.app_context():
        with atomic() as work:
            over = {"expires_at": now() - timedelta(seconds=1)}
            work.execute(update(SignIn).where(SignIn.id == token.id).values(over))
        sign_ins.delete_expired_sign_ins()
        sign_ins.end_sign_in(world.alice.id, session.id)
        left = set(db.session.scalars(select(SignIn.id).where(SignIn.user_id == world.alice.id)))
    assert left == {session.id}


def test_sockets_note_the_use_of_their_sign_ins(app, world, statements):
    world.alice.client.get("/people")
    everyone = {row.id for person in (world.alice, world.bob) for row in rows(app, person.id)}
    ended = next(iter(everyone))
    long_ago(app, last_used_at=timedelta(minutes=5))
    with app.app_context():
        with statements() as texts:
            assert still_valid(everyone) == everyone
            assert still_valid(everyone) == everyone
        assert [text.split()[0] for text in texts].count("UPDATE") == 1
        assert [text.split()[0] for text in texts].count("SELECT") == 2
        with atomic() as work:
            work.execute(update(SignIn).where(SignIn.id == ended).values(ended_at=now()))
        assert still_valid(everyone) == everyone - {ended}
        assert still_valid(set()) == set()
        assert still_valid({world.alice.id}) == set()
    for row in rows(app, world.alice.id):
        assert row.last_used_at > now() - timedelta(minutes=1)
