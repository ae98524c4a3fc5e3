"""Bearer tokens: only what was signed here, for this, and still counts."""

from __future__ import annotations

import base64
import json
from datetime import timedelta

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey
from sqlalchemy import update

from chatapp import tokens
from chatapp.db import atomic, now
from chatapp.models import SignIn
from tests.support.server import JWT_SECRET
from tests.world import Api, register

KEY = OctKey.import_key(JWT_SECRET)


def _claims(token: str) -> dict:
    body = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


def _signed(claims: dict, key: OctKey = KEY, **header: object) -> str:
    header = {"alg": "HS256", "typ": "JWT", **header}
    algorithm = str(header["alg"])
    return jwt.encode(header, claims, key, algorithms=[algorithm])


def _b64(value: object) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


@pytest.fixture
def ada(app):
    return register(app, "Ada")


def test_what_was_signed_here_counts(app, ada):
    claims = _claims(ada.token)
    assert set(claims) == {"sub", "jti", "aud", "iat", "exp"}
    assert claims["sub"] == ada.id
    assert claims["exp"] - claims["iat"] == 7 * 24 * 3600
    assert Api(app, _signed(claims)).get("/api/users/me").status_code == 200


def test_forged_tokens(app, ada):
    claims = _claims(ada.token)
    past = {**claims, "exp": claims["iat"] - 1}
    other = OctKey.import_key("another-key-another-key-another-key!")
    header, body, signature = ada.token.split(".")
    forged = {
        "another key": _signed(claims, other),
        "alg none": f"{_b64({'alg': 'none', 'typ': 'JWT'})}.{body}.",
        "alg None": f"{_b64({'alg': 'None', 'typ': 'JWT'})}.{body}.{signature}",
        "another algorithm": _signed(claims, OctKey.import_key(JWT_SECRET * 2), alg="HS512"),
        "changed body": f"{header}.{_b64({**claims, 'sub': claims['jti']})}.{signature}",
        "no signature": f"{header}.{body}.",
        "expired": _signed(past),
        "no expiry": _signed({k: v for k, v in claims.items() if k != "exp"}),
        "expiry as text": _signed({**claims, "exp": "never"}),
        "another audience": _signed({**claims, "aud": "chatapp:reset"}),
        "no audience": _signed({k: v for k, v in claims.items() if k != "aud"}),
        "no id": _signed({k: v for k, v in claims.items() if k != "jti"}),
        "an id nobody issued": _signed({**claims, "jti": ada.id}),
        "another person's id": _signed({**claims, "sub": claims["jti"]}),
        "ids that are none": _signed({**claims, "sub": "1 OR 1=1", "jti": "x"}),
        "ids of other types": _signed({**claims, "jti": 5}),
        "a key of its own": f"{_b64({'alg': 'HS256', 'jwk': {'kty': 'oct', 'k': 'eA'}})}.{body}.eA",
        "crit": f"{_b64({'alg': 'HS256', 'crit': ['x']})}.{body}.{signature}",
        "64 KB": _signed({**claims, "padding": "x" * 65536}),
        "nonsense": "x",
        "dots": "..",
        "not ASCII": "é.é.é",
    }
    for what, token in forged.items():
        headers = {"Authorization": f"Bearer {token}".encode().decode("latin-1")}
        answer = app.test_client().get("/api/users/me", headers=headers)
        assert answer.status_code == 401, what
        assert answer.get_json()["error"]["code"] == "unauthenticated", what


def test_a_token_the_database_holds_as_expired_or_revoked(app, ada):
    for change in ({"expires_at": now() - timedelta(seconds=1)}, {"ended_at": now()}):
        token = (
            Api(app, None)
            .post("/api/auth/login", {"email": ada.email, "password": ada.password})
            .get_json()["token"]
        )
        with app.app_context(), atomic() as work:
            work.execute(update(SignIn).where(SignIn.id == _claims(token)["jti"]).values(**change))
        assert Api(app, token).get("/api/users/me").status_code == 401


def test_the_algorithm_stands_in_code():
    assert tokens._ALGORITHM == "HS256"
