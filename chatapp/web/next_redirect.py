"""Where to go after a form: the path in ``next``, if it belongs to this site."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import url_for


def safe_next(target: str | None) -> str:
    """Return ``target`` if it is a path of this site, else the start page.

    Browsers read a backslash as a slash and drop tabs and line breaks, and two slashes start
    another host's address. A target with any of these isn't a path.
    """
    home = url_for("chat.home")
    if not target or not target.startswith("/") or target.startswith("//"):
        return home
    if "\\" in target or any(ord(character) <= 32 for character in target):
        return home
    parts = urlsplit(target)
    return home if parts.scheme or parts.netloc else target
