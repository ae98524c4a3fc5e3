"""Markdown in messages, as HTML that a page may insert.

markdown-it-py reads CommonMark with raw HTML off; nh3 then lets through only what is listed here,
so that neither library is trusted alone. What is stored stays what was typed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import nh3
from linkify_it import LinkifyIt  # type: ignore[import-untyped]
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markupsafe import Markup

from chatapp.validation import TEXT_LIMIT

#: With more than these a text stays as it was typed: reading it would take too long.
MOST_MARKS = 500
MOST_LINKS = 150
MOST_LINES = 500
#: Quotes and lists within one another, and marks within marks; what lies deeper is plain.
DEEPEST = 12

_ADDRESS = re.compile(r"(?:https?://|mailto:)[^\s]", re.IGNORECASE)
#: Without one of these there is nothing to mark up; most of what people write has none.
_HINT = re.compile(
    r"[*`\\\[]|(?<!\w)_|~~|://|mailto:|\w@\w|<\w"
    r"|^[ \t]*(?:[>#]|[-+][ \t]|[-~]{3}|\d{1,9}[.)][ \t])|\A(?: {4}|\t)|\n[ \t]*\n(?: {4}|\t)",
    re.MULTILINE,
)
_MARK = re.compile(r"[*_`~\[\]<>\\!@:]")
_LINK = re.compile(r"[@:](?=\S)")
_WORDS = frozenset(("text", "softbreak", "hardbreak"))

_TAGS = {"p", "br", "strong", "em", "s", "code", "pre", "a", "ul", "ol", "li", "blockquote", "hr"}
_REL = "noopener noreferrer nofollow"


def render(text: str) -> str | None:
    """``text`` as sanitised HTML, or None where it says the same as plain text."""
    if _HINT.search(text) is None or len(text) > TEXT_LIMIT:
        return None
    return _render(text)


def text_of(html: str) -> str:
    """What `render` gave, as the words that a reader sees, in one line."""
    return Markup(html).striptags()  # noqa: S704  text from here on


@lru_cache(maxsize=512)
def _render(text: str) -> str | None:
    if text.count("\n") >= MOST_LINES or _more(_MARK, MOST_MARKS, text):
        return None
    if _more(_LINK, MOST_LINKS, text):
        return None
    env: dict[str, Any] = {}
    tokens = _markdown.parse(text, env)
    if all(map(_is_plain, tokens)) or not any(map(_shows, tokens)):
        return None
    html = _markdown.renderer.render(tokens, _markdown.options, env)
    return _sanitiser.clean(html).strip()


def _more(what: re.Pattern[str], most: int, text: str) -> bool:
    """Whether there is more than so much of it, told without counting on."""
    return any(number >= most for number, _ in enumerate(what.finditer(text)))


def _is_plain(token: Token) -> bool:
    if token.type != "inline":
        return token.type in ("paragraph_open", "paragraph_close")
    children = token.children or []
    if any(child.type not in _WORDS for child in children):
        return False
    # an escaped mark leaves nothing but words, though not the ones that were typed
    return "\\" not in token.content or "".join(c.content for c in children) == "".join(
        line.strip() for line in token.content.split("\n")
    )


def _shows(token: Token) -> bool:
    return token.type == "hr" or bool(token.content.strip())


def _filter(tag: str, attribute: str, value: str) -> str | None:
    if (tag, attribute) == ("a", "href"):
        return value if _ADDRESS.match(value) else None
    if (tag, attribute) == ("ol", "start"):
        return value if value.isdecimal() else None
    return value if (tag, attribute, value) == ("a", "rel", _REL) else None


def _image(self: RendererHTML, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    """An image as a link to it: a page loads nothing from another host."""
    image = tokens[at]
    source = str(image.attrs["src"])
    words = self.renderInlineAsText(image.children, options, env) or source
    return f'<a href="{nh3.clean_text(source)}">{nh3.clean_text(words)}</a>'


def _make() -> MarkdownIt:
    markdown = MarkdownIt(
        "commonmark",
        {"html": False, "breaks": True, "linkify": True, "maxNesting": DEEPEST},
    )
    markdown.enable(["linkify", "strikethrough"])
    # An entity is what somebody typed to show it; a definition or an underline would make words
    # disappear.
    markdown.disable(["entity", "reference", "lheading", "html_block", "html_inline"])
    markdown.validateLink = lambda url: bool(_ADDRESS.match(url))  # type: ignore[method-assign]
    # README.md is no site
    markdown.linkify = LinkifyIt({}, {"fuzzy_link": False, "fuzzy_ip": False})
    for scheme in ("ftp:", "//"):
        markdown.linkify.add(scheme, None)
    markdown.add_render_rule("heading_open", lambda *_: "<p><strong>")
    markdown.add_render_rule("heading_close", lambda *_: "</strong></p>\n")
    markdown.add_render_rule("image", _image)
    return markdown


_markdown = _make()
_sanitiser = nh3.Cleaner(
    tags=_TAGS,
    attributes={"a": {"href"}, "ol": {"start"}},
    attribute_filter=_filter,
    url_schemes={"http", "https", "mailto"},
    link_rel=_REL,
)
