"""Rules for new passwords: their length, and none that is too common."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from chatapp.core.validation import clean

MIN_PASSWORD_LENGTH, MAX_PASSWORD_LENGTH = 8, 128


def check_new_password(text: str) -> str:
    """Return the password in normal form. Raises ValueError if it is too weak or too long."""
    text = clean(text)
    if len(text) < MIN_PASSWORD_LENGTH:
        raise ValueError(f"Use at least {MIN_PASSWORD_LENGTH} characters")
    if len(text) > MAX_PASSWORD_LENGTH:
        raise ValueError(f"Use at most {MAX_PASSWORD_LENGTH} characters")
    if text.lower() in _common_passwords():
        raise ValueError("This password is too common. Choose another one")
    return text


@cache
def _common_passwords() -> frozenset[str]:
    """Load the 3,000 most common passwords of 8 or more characters, from zxcvbn (MIT licence)."""
    text = (Path(__file__).parent / "common_passwords.txt").read_text(encoding="utf-8")
    return frozenset(text.split())
