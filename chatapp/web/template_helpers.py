"""What templates need: addresses of static files, the page's nonce, words for times and names."""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import emoji
from flask import Flask, g

from chatapp.text import markdown
from chatapp.web import static_files

#: So many colours for avatars; static/css/components/avatar.css has one rule for each.
AVATAR_HUES = 12
_HEX = re.compile(r"[0-9a-f]{8}")


def init_app(app: Flask) -> None:
    """Serve static files under an address that changes with their content; register filters."""
    files = static_files.files()
    app.wsgi_app = files.before(app.wsgi_app)  # type: ignore[method-assign,assignment]
    app.add_template_global(static_url)
    app.add_template_global(csp_nonce)
    for function in (day, clock, short_time, initials, isolated, avatar_hue, is_emoji_only, words):
        app.add_template_filter(function)
    app.add_template_filter(markdown.linked)


def static_url(path: str) -> str:
    """The address of a static file, cached for good: the content is in the address."""
    return static_files.files().url(path)


def csp_nonce() -> str:
    """This response's nonce for inline script and style."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    nonce: str = g.csp_nonce
    return nonce


def day(text: str) -> str:
    """ "2 January 2026", in UTC: a page's script turns it into the reader's own."""
    moment = _parse(text)
    return f"{moment.day} {moment:%B %Y}"


def clock(text: str) -> str:
    """ "03:04", in UTC."""
    return f"{_parse(text):%H:%M}"


def short_time(text: str) -> str:
    """For lists: the time of day today, the weekday within six days, else the date."""
    moment, today = _parse(text), datetime.now(UTC)
    days = (today.date() - moment.date()).days
    if days <= 0:
        return f"{moment:%H:%M}"
    if days < 7:
        return f"{moment:%a}"
    if moment.year == today.year:
        return f"{moment.day} {moment:%b}"
    return f"{moment.day} {moment:%b %Y}"


def initials(name: str) -> str:
    """The first letters of the first and last word."""
    words = name.split()
    letters = [words[0][0]] + ([words[-1][0]] if len(words) > 1 else []) if words else ["?"]
    return "".join(letters).upper()


def isolated(name: str) -> str:
    """``name`` for within other text, whose order one from right to left leaves as it is."""
    from_right = any(unicodedata.bidirectional(letter) in ("R", "AL") for letter in name)
    return f"\u2068{name}\u2069" if from_right else name


def avatar_hue(id_: str | int) -> int:
    """Which of the avatar colours belongs to this id, always the same."""
    if isinstance(id_, int):
        return id_ % AVATAR_HUES
    return int(id_[:8], 16) % AVATAR_HUES if _HEX.match(id_) else 0


def is_emoji_only(text: str | None) -> bool:
    """Whether a message is nothing but a few emoji, and so is shown large."""
    bare = "".join((text or "").split())
    return bool(bare) and emoji.purely_emoji(bare) and emoji.emoji_count(bare) <= 8


def words(message: Mapping[str, Any]) -> str:
    """What a message says, in one line without its marks; the script's `wordsOf` does the same."""
    if message["deleted_at"]:
        return "Message deleted"
    html, text = message["content_html"], message["content"] or ""
    return " ".join(((html and markdown.text_of(html)) or text).split())[:200]


def _parse(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
