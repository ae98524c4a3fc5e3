"""Template helpers: addresses of static files, the page's nonce, filters for messages."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

import emoji
from flask import Flask, g

from chatapp.text import markdown
from chatapp.web import static_files
from chatapp.web.name_filters import avatar_hue, initials, isolated
from chatapp.web.time_filters import clock, day, short_time


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
    """Return the address of a static file. It changes with the file, so it is cached for good."""
    return static_files.files().url(path)


def csp_nonce() -> str:
    """Return this response's nonce for inline scripts and styles."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    nonce: str = g.csp_nonce
    return nonce


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
