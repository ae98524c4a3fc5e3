"""Template helpers: addresses of static files, the page's nonce, filters for times and names."""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from itertools import takewhile
from typing import Any

import emoji
from flask import Flask, g

from chatapp.text import markdown
from chatapp.web import static_files

#: How many avatar colours there are; static/css/components/avatar.css has one rule for each.
AVATAR_HUES = 12
_HEX = re.compile(r"[0-9a-f]{8}")


def init_app(app: Flask) -> None:
    """Register the globals and filters."""
    app.add_template_global(static_url)
    app.add_template_global(csp_nonce)
    for function in (
        day,
        clock,
        short_time,
        initials,
        isolated,
        avatar_hue,
        is_emoji_only,
        preview_text,
    ):
        app.add_template_filter(function)
    app.add_template_filter(markdown.link_addresses, "linked")


def static_url(path: str) -> str:
    """Return the address of a static file, which changes with the file; it is cached for good."""
    return static_files.files().url(path)


def csp_nonce() -> str:
    """Return this response's nonce for inline scripts and styles."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    nonce: str = g.csp_nonce
    return nonce


def day(text: str) -> str:
    """Format as "2 January 2026", in UTC; the page's script turns it into the reader's time."""
    moment = _parse(text)
    return f"{moment.day} {moment:%B %Y}"


def clock(text: str) -> str:
    """Format as "03:04", in UTC."""
    return f"{_parse(text):%H:%M}"


def short_time(text: str, now: datetime | None = None) -> str:
    """Format for lists: the time of day today, the weekday within six days, else the date."""
    moment, today = _parse(text), now or datetime.now(UTC)
    days = (today.date() - moment.date()).days
    if days <= 0:
        return f"{moment:%H:%M}"
    if days < 7:
        return f"{moment:%a}"
    if moment.year == today.year:
        return f"{moment.day} {moment:%b}"
    return f"{moment.day} {moment:%b %Y}"


@lru_cache(4096)
def initials(name: str) -> str:
    """Return the first letter, digit or emoji of the first and last word."""
    letters = [letter for word in name.split() if (letter := _initial(word))]
    return "".join([letters[0], *letters[1:][-1:]]).upper() if letters else "?"


def _initial(word: str) -> str:
    """Return the first letter or digit of a word, with its marks, or the first emoji; else ""."""
    tokens = list(emoji.analyze(word, non_emoji=True, join_emoji=True))
    for number, token in enumerate(tokens):
        if not isinstance(token.value, str):
            return token.chars
        if token.chars.isalnum():
            rest = [following.chars for following in tokens[number + 1 :]]
            marks = takewhile(lambda char: unicodedata.category(char[0]).startswith("M"), rest)
            return token.chars + "".join(marks)
    return ""


def isolated(name: str) -> str:
    """Isolate a right-to-left name, so that it doesn't reorder the text around it."""
    right_to_left = any(
        letter.isalpha() and unicodedata.bidirectional(letter) in ("R", "AL") for letter in name
    )
    return f"\u2068{name}\u2069" if right_to_left else name


def avatar_hue(id_: str) -> int:
    """Pick an avatar colour for an id, always the same."""
    return int(id_[:8], 16) % AVATAR_HUES if _HEX.match(id_) else 0


def is_emoji_only(text: str | None) -> bool:
    """Check whether a text is 1 to 8 emoji and nothing else; such messages are shown large."""
    bare = "".join((text or "").split()).replace("\ufe0f", "")  # which emoji may have or lack
    if not emoji.purely_emoji(bare):  # stops at the first letter
        return False
    found = emoji.emoji_list(bare)
    return 1 <= len(found) <= 8 and "".join(match["emoji"] for match in found) == bare


def preview_text(message: Mapping[str, Any]) -> str:
    """Return a message as one line of plain text, like the script's `previewText`."""
    if message["deleted_at"]:
        return "Message deleted"
    html, text = message["content_html"], message["content"] or ""
    return " ".join(((html and markdown.plain_text(html)) or text).split())[:200]


def _parse(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
