"""Bearer tokens as JSON Web Tokens (RFC 7519): signed here, checked here.

The algorithm is fixed in code, and a token's header decides nothing: one that isn't, to the letter,
the header written here is refused, whatever else it names (a key, a key's address, an extension).
What a token is for stands in its type and its audience; access is the one purpose that there is.
Whether it still counts is the database's to say (`identity`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from flask import current_app
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from chatapp.core.db import now

_ALGORITHM = "HS256"
_HEADER = {"alg": _ALGORITHM, "typ": "at+jwt"}
_ISSUER, _AUDIENCE = "chatapp", "chatapp:access"
_LONGEST = 4096
_CLAIMS = jwt.JWTClaimsRegistry(
    leeway=0,
    iss={"essential": True, "value": _ISSUER},
    aud={"essential": True, "value": _AUDIENCE},
    exp={"essential": True},
    sub={"essential": True},
    jti={"essential": True},
)


@dataclass(frozen=True, slots=True)
class Signed:
    """A new token: the text for the client, and what the server keeps of it."""

    text: str
    id: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Claims:
    """What a valid token says."""

    token_id: str
    user_id: str


def sign(user_id: str, expires_in: int | None = None) -> Signed:
    """A new access token of this user, good for so many seconds, at most for `JWT_EXPIRATION`."""
    issued = now().replace(microsecond=0)
    lifetime: timedelta = current_app.config["SETTINGS"].jwt_expiration
    if expires_in is not None and expires_in < lifetime.total_seconds():
        lifetime = timedelta(seconds=expires_in)
    expires_at = issued + lifetime
    token_id = str(uuid4())
    claims = {
        "iss": _ISSUER,
        "sub": user_id,
        "jti": token_id,
        "aud": _AUDIENCE,
        "iat": int(issued.timestamp()),
        "exp": int(expires_at.timestamp()),
    }
    text = jwt.encode(dict(_HEADER), claims, _key(), algorithms=[_ALGORITHM])
    return Signed(text, token_id, expires_at)


def verify(text: str) -> Claims | None:
    """What ``text`` says if it was signed here for access and hasn't expired, else None."""
    if len(text) > _LONGEST:
        return None
    try:
        token = jwt.decode(text, _key(), algorithms=[_ALGORITHM])
        _CLAIMS.validate(token.claims)
        if token.header != _HEADER or token.claims["aud"] != _AUDIENCE:
            return None
        return Claims(str(UUID(token.claims["jti"])), str(UUID(token.claims["sub"])))
    except (JoseError, ValueError, TypeError, AttributeError):
        return None


def _key() -> OctKey:
    return OctKey.import_key(current_app.config["SETTINGS"].jwt_secret)
