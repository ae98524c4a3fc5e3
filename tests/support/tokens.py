"""Tokens as an attacker makes them, by hand, so that no library's scruples stand in the way."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import Any


def decode(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of a JWT, unverified."""
    header, claims, _ = token.split(".")
    return json.loads(_unpack(header)), json.loads(_unpack(claims))


def forge(header: dict[str, Any], claims: dict[str, Any], key: str = "") -> str:
    """A JWT with exactly that header and those claims, HMAC-signed whatever `alg` says."""
    signed = f"{_pack(json.dumps(header).encode())}.{_pack(json.dumps(claims).encode())}"
    algorithm = str(header.get("alg"))
    if algorithm.lower() == "none":
        return f"{signed}."
    digest = {"HS384": hashlib.sha384, "HS512": hashlib.sha512}.get(algorithm, hashlib.sha256)
    return f"{signed}.{_pack(hmac.new(key.encode(), signed.encode(), digest).digest())}"


def forgeries(token: str, key: str) -> dict[str, str]:
    """What must be refused, by name, made from a valid token and (worse than life) its true key."""
    header, claims = decode(token)
    first, second, signature = token.split(".")

    def saying(**changed: Any) -> str:
        told = {**claims, **changed}
        return forge(header, {k: v for k, v in told.items() if v is not _LEFT_OUT}, key)

    def headed(signing_key: str = key, **changed: Any) -> str:
        return forge({**header, **changed}, claims, signing_key)

    mine = "mine" * 8
    return {
        "garbage": "not-a-token",
        "empty parts": "..",
        "four parts": f"{token}.x",
        "no signature": f"{first}.{second}.",
        "cut signature": f"{first}.{second}.{signature[:-4]}",
        "another person's body": f"{first}.{pack({**claims, 'sub': claims['jti']})}.{signature}",
        "claims are a list": f"{first}.{pack(b'[]')}.{signature}",
        # claims
        "expired": saying(iat=1, exp=3601),
        "expired just now": saying(exp=int(time.time()) - 1),
        "no expiry": saying(exp=_LEFT_OUT),
        "an expiry that is text": saying(exp="never"),
        "an endless expiry": forge(header, {**claims, "exp": float("inf")}, key),
        "not yet": saying(nbf=int(time.time()) + 3600),
        "nobody": saying(sub=_LEFT_OUT),
        "unknown subject": saying(sub="00000000-0000-4000-8000-000000000000"),
        "another subject type": saying(sub={"$ne": None}),
        "no id": saying(jti=_LEFT_OUT),
        "an id that nobody issued": saying(jti="00000000-0000-4000-8000-000000000000"),
        "no audience": saying(aud=_LEFT_OUT),
        "for a reset": saying(aud="chatapp:reset"),
        "to refresh": saying(aud="chatapp:refresh"),
        "for us and others": saying(aud=[claims["aud"], "chatapp:reset"]),
        "the audience's beginning": saying(aud=claims["aud"][:-1]),
        "no issuer": saying(iss=_LEFT_OUT),
        "another issuer": saying(iss="https://evil.example"),
        "the issuer's beginning": saying(iss=claims["iss"] + ".evil.example"),
        "several issuers": saying(iss=[claims["iss"]]),
        # headers
        "alg none": headed(alg="none"),
        "alg None": headed(alg="None"),
        "alg NONE, signed": f"{headed(alg='NONE')}{signature}",
        "alg none, with a signature": f"{headed(alg='none')}{signature}",
        "no alg": forge({"typ": header["typ"]}, claims, key),
        "alg of another type": headed(alg=["HS256"]),
        "another alg": headed(alg="HS512"),
        "RS256, signed as HS256": headed(alg="RS256"),
        "a public key as secret": headed(_PUBLIC_KEY),
        "ES256 with an empty signature": forge({**header, "alg": "ES256"}, claims, "") + "AA",
        "another key": headed("another-key-0123456789-0123456789-abc"),
        "empty key": headed(""),
        "unknown crit": headed(crit=["x"], x=1),
        "crit that names alg": headed(crit=["alg"]),
        "unencoded payload": headed(crit=["b64"], b64=False),
        "a key of its own": headed(mine, jwk={"kty": "oct", "k": pack(mine.encode())}),
        "a key's address": headed(mine, jku="https://evil.example/keys.json"),
        "a certificate's address": headed(mine, x5u="https://evil.example/x.pem"),
        "a certificate": headed(mine, x5c=["AAAA"]),
        "a file as key": headed("", kid="/dev/null"),
        "a path as key": headed("", kid="../../../../dev/null"),
        "SQL as key": headed("x", kid="x' UNION SELECT 'x"),
        "the true key by its name": headed(kid="x"),
        "the true key by its address": headed(jku="https://evil.example/keys.json"),
        "an ID token": headed(typ="JWT"),
        "no type": forge({"alg": header["alg"]}, claims, key),
        "compressed": headed(zip="DEF"),
        "64 kB": forge(header, {**claims, "padding": "x" * 65536}, key),
    }


_LEFT_OUT = object()
_PUBLIC_KEY = """-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEVs/o5+uQbTjL3chynL4wXgUg2R9
q9UU8I5mEovUf86QZ7kOBIjJwqnzD1omageEHWwHdBO6B+dFabmdT9POxg==
-----END PUBLIC KEY-----
"""


def pack(part: Any) -> str:
    """A part of a token: bytes, or what is written as JSON."""
    return _pack(part if isinstance(part, bytes) else json.dumps(part).encode())


def _pack(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _unpack(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
