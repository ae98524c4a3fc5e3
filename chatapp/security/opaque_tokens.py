"""Opaque tokens, such as those of links: given out once, stored as a hash."""

from __future__ import annotations

import hashlib
import secrets


def new_token() -> str:
    """Return 192 random bits in letters and digits: mail programs cut other things off links."""
    return secrets.token_hex(24)


def digest(token: str) -> bytes:
    """Return what is stored of a token, without salt or stretching: there is nothing to guess."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
