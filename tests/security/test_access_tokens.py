"""Bearer tokens: only what was signed here, for this, and still counts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from chatapp.core.db import atomic, now
from chatapp.models import SignIn
from chatapp.security import access_tokens
from config import Settings, SettingsError
from tests.support.server import JWT_SECRET
from tests.support.tokens import decode, forge, forgeries
from tests.support.world import Api, register

pytestmark = pytest.mark.database


@pytest.fixture
def ada(app):
    return register(app, "Ada")


def test_what_was_signed_here_counts(app, ada):
    header, claims = decode(ada.token)
    assert header == {"alg": "HS256", "typ": "at+jwt"}
    assert set(claims) == {"iss", "sub", "jti", "aud", "iat", "exp"}
    assert claims["sub"] == ada.id
    assert claims["exp"] - claims["iat"] == 7 * 24 * 3600
    assert Api(app, forge(header, claims, JWT_SECRET)).get("/api/users/me").status_code == 200, (
        "control: the forger can forge"
    )


def test_forged_tokens(app, ada):
    for what, token in forgeries(ada.token, JWT_SECRET).items():
        answer = Api(app, token).get("/api/users/me")
        assert answer.status_code == 401, what
        assert answer.get_json()["error"]["code"] == "unauthenticated", what


def test_odd_headers(app, ada):
    for header in (
        "Bearer",
        "Bearer ",
        f"Bearer {ada.token} {ada.token}",
        f"Bearer {ada.token},{ada.token}",
        f'Bearer "{ada.token}"',
        f"Basic {ada.token}",
        ada.token,
        "Bearer \xe9.\xe9.\xe9",
        "Bearer " + "." * 60_000,
    ):
        answer = app.test_client().get("/api/users/me", headers={"Authorization": header})
        assert answer.status_code == 401, header[:40]


def test_an_attackers_key_is_never_fetched(app, ada, monkeypatch):
    """Whatever a token's header names: no address is asked, no file is read for a key."""
    import socket

    def connect(*_args):
        raise AssertionError("a connection for a token's sake")

    monkeypatch.setattr(socket.socket, "connect", connect)
    with app.app_context():
        for what, token in forgeries(ada.token, JWT_SECRET).items():
            assert what in VALID_BUT_UNKNOWN or access_tokens.verify(token) is None, what


#: Rightly signed and said; that they don't count is the database's to say.
VALID_BUT_UNKNOWN = ("unknown subject", "an id that nobody issued")


def test_a_short_secret_is_refused(tmp_path):
    for secret in ("", " ", "x" * 31):
        environ = {"INSTANCE_DIR": str(tmp_path), "JWT_SECRET": secret}
        if secret.strip():
            with pytest.raises(SettingsError, match="JWT_SECRET"):
                Settings.from_env(environ)
        else:
            made = Settings.from_env(environ).jwt_secret
            assert len(made.encode()) >= 32, "unset: a strong one is made"
    assert Settings.from_env({"INSTANCE_DIR": str(tmp_path), "JWT_SECRET": "é" * 16}).jwt_secret


def test_a_token_the_database_holds_as_expired_or_revoked(app, ada):
    for change in ({"expires_at": now() - timedelta(seconds=1)}, {"ended_at": now()}):
        token = (
            Api(app, None)
            .post("/api/auth/login", {"email": ada.email, "password": ada.password})
            .get_json()["token"]
        )
        with app.app_context(), atomic() as work:
            work.execute(
                update(SignIn).where(SignIn.id == decode(token)[1]["jti"]).values(**change)
            )
        assert Api(app, token).get("/api/users/me").status_code == 401


def test_the_algorithm_stands_in_code():
    assert access_tokens._ALGORITHM == "HS256"


def test_a_request_reads_its_sign_in_once(app, world, statements):
    with statements() as texts:
        assert world.alice.api.get(f"/api/chat/{world.conversation_id}").status_code == 200
    assert len([text for text in texts if "sign_ins" in text]) == 1, texts
