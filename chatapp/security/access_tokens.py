"""Bearer tokens: JSON Web Tokens (RFC 7519), signed and checked here.

The algorithm is fixed in code, and a token's header decides nothing: a header that isn't exactly
the one written here is refused, whatever it names (a key, a key's address, an extension). A token's
type and audience say what it is for; access is the only purpose. Whether it still counts is looked
up in the database (`sign_in_lookup`).
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
_MAX_LENGTH = 4096
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
    """The claims of a valid token."""

    token_id: str
    user_id: str


def sign(user_id: str, expires_in: int | None = None) -> Signed:
    """Sign an access token for this user, valid for so many seconds, at most JWT_EXPIRATION."""
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
    """Return the claims of ``text`` if it was signed here and hasn't expired, else None."""
    if len(text) > _MAX_LENGTH:
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
