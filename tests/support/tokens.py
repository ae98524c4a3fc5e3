"""Tokens as an attacker makes them, by hand, so that no library's scruples stand in the way."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any


def decode(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of a JWT, unverified."""
    header, claims, _ = token.split(".")
    return json.loads(_unpack(header)), json.loads(_unpack(claims))


def forge(header: dict[str, Any], claims: dict[str, Any], key: str = "") -> str:
    """A JWT with exactly that header and those claims, HMAC-signed whatever `alg` says."""
    signed = f"{_pack(json.dumps(header).encode())}.{_pack(json.dumps(claims).encode())}"
    if header.get("alg", "").lower() == "none":
        return f"{signed}."
    digest = {"HS384": hashlib.sha384, "HS512": hashlib.sha512}.get(
        header.get("alg", ""), hashlib.sha256
    )
    return f"{signed}.{_pack(hmac.new(key.encode(), signed.encode(), digest).digest())}"


def forgeries(token: str, key: str) -> dict[str, str]:
    """What must be refused, by name, made from a valid token and (worse than life) its true key."""
    header, claims = decode(token)
    hour = 3600
    without_exp = {name: value for name, value in claims.items() if name != "exp"}
    without_sub = {name: value for name, value in claims.items() if name != "sub"}
    first, second, signature = token.split(".")
    return {
        "garbage": "not-a-token",
        "empty parts": "..",
        "no signature": f"{first}.{second}.",
        "cut signature": f"{first}.{second}.{signature[:-4]}",
        "expired": forge(header, {**claims, "iat": 1, "exp": 1 + hour}, key),
        "no expiry": forge(header, without_exp, key),
        "nobody": forge(header, without_sub, key),
        "unknown subject": forge(
            header, {**claims, "sub": "00000000-0000-4000-8000-000000000000"}, key
        ),
        "another subject type": forge(header, {**claims, "sub": {"$ne": None}}, key),
        "alg none": forge({**header, "alg": "none"}, claims),
        "alg None": forge({**header, "alg": "None"}, claims),
        "no alg": forge({"typ": "JWT"}, claims, key),
        "another alg": forge({**header, "alg": "HS512"}, claims, key),
        "another key": forge(header, claims, "another-key-0123456789-0123456789-abc"),
        "empty key": forge(header, claims, ""),
        "unknown crit": forge({**header, "crit": ["x"], "x": 1}, claims, key),
        "key of its own": forge(
            {**header, "jwk": {"kty": "oct", "k": _pack(b"mine" * 8)}}, claims, "mine" * 8
        ),
        "64 kB": forge(header, {**claims, "padding": "x" * 65536}, "wrong-key" * 5),
        "claims are a list": f"{first}.{_pack(b'[]')}.{signature}",
    }


def pack(part: Any) -> str:
    """A part of a token: bytes, or what is written as JSON."""
    return _pack(part if isinstance(part, bytes) else json.dumps(part).encode())


def _pack(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _unpack(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
