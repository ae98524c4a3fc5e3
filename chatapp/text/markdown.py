"""Markdown and mentions in messages, as HTML that a page may insert.

markdown-it-py reads CommonMark with raw HTML off; nh3 then lets through only what is listed here,
so that neither library is trusted alone. What is stored stays what was typed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import nh3
from linkify_it import LinkifyIt  # type: ignore[import-untyped]
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markupsafe import Markup, escape

from chatapp.text.mention_syntax import EVERYBODY, Mentioned, mention_rule, names_in
from chatapp.text.visible_text import TEXT_LIMIT

#: With more than these a text stays as it was typed: reading it would take too long.
MOST_MARKS = 500
MOST_LINKS = 150
MOST_LINES = 500
#: Quotes and lists within one another, and marks within marks; what lies deeper is plain.
DEEPEST = 12

_ADDRESS = re.compile(r"(?:https?://|mailto:)[^\s]", re.IGNORECASE)
#: Without one of these there is nothing to mark up; most of what people write has none.
_HINT = re.compile(
    r"[*`\\\[]|(?<!\w)_|~~|://|mailto:|\S@\S|<\w"
    r"|^(?: {4}| {0,3}\t|[ \t]*(?:[>#]|[-+](?:[ \t]|$)|--[ \t]*-|~{3}|\d{1,9}[.)](?:[ \t]|$)))",
    re.MULTILINE,
)
_MARK = re.compile(r"[*_`~\[\]<>\\!@:]")
_LINK = re.compile(r"[@:](?=\S)")
_WORDS = frozenset(("text", "softbreak", "hardbreak"))

_TAGS = {
    "p",
    "br",
    "strong",
    "em",
    "s",
    "code",
    "pre",
    "a",
    "ul",
    "ol",
    "li",
    "blockquote",
    "hr",
    "span",
}
_REL = "noopener noreferrer nofollow"
_MENTIONED = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ANCHOR = Markup('<a class="link" href="{address}" rel="{rel}">{words}</a>')


def render(text: str, people: Sequence[Mentioned] = (), *, everybody: bool = False) -> str | None:
    """``text`` as sanitised HTML, or None where it says the same as plain text.

    ``people`` are those whom it mentions; with ``everybody`` it mentions all.
    """
    if not people and not everybody and _HINT.search(text) is None:
        return None
    return _render(text, tuple(people), everybody).html


def mentioned(
    text: str, people: Sequence[Mentioned], *, everybody: bool = False
) -> tuple[tuple[Mentioned, ...], bool]:
    """Whom of ``people`` the text does mention, outside of code and links; and whether all."""
    names = _render(text, tuple(people), everybody).names
    return tuple(one for one in people if one.username in names), everybody and EVERYBODY in names


def text_of(html: str) -> str:
    """What `render` gave, as the words that a reader sees, in one line."""
    return Markup(html).striptags()  # noqa: S704  text from here on


class _Reading(NamedTuple):
    """A text as HTML, and the names that it mentions."""

    html: str | None = None
    names: frozenset[str] = frozenset()


def linked(text: str) -> Markup:
    """``text`` as it is, with its http(s) addresses as links."""
    parts, end = [], 0
    for found in _links.match(text) or []:
        parts += [
            escape(text[end : found.index]),
            _ANCHOR.format(address=found.url, rel=_REL, words=found.raw),
        ]
        end = found.last_index
    return Markup().join([*parts, escape(text[end:])])


@lru_cache(maxsize=512)
def _render(text: str, people: tuple[Mentioned, ...], everybody: bool) -> _Reading:
    names: dict[str, Mentioned | None] = {one.username: one for one in people}
    if everybody:
        names[EVERYBODY] = None
    if _too_much(text):
        return _Reading(None, names_in(text, names))
    env: dict[str, Any] = {"names": names}
    tokens = _markdown.parse(text, env)
    found = frozenset(
        child.content
        for token in tokens
        for child in token.children or ()
        if child.type == "mention"
    )
    if all(map(_is_plain, tokens)) or not any(map(_shows, tokens)):
        return _Reading()
    html = _markdown.renderer.render(tokens, _markdown.options, env)
    return _Reading(_sanitiser.clean(html).strip(), found)


def _too_much(text: str) -> bool:
    """Whether reading it as Markdown would take too long."""
    return (
        len(text) > TEXT_LIMIT
        or text.count("\n") >= MOST_LINES
        or _more(_MARK, MOST_MARKS, text)
        or _more(_LINK, MOST_LINKS, text)
    )


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
        person = value.removeprefix("/people/")
        allowed = _MENTIONED.fullmatch(person) if person != value else _ADDRESS.match(value)
        return value if allowed else None
    if attribute == "class":
        return value if value == "mention" else None
    if attribute == "data-user":
        return value if value == EVERYBODY or _MENTIONED.fullmatch(value) else None
    if (tag, attribute) == ("ol", "start"):
        return value if value.isdecimal() else None
    return value if (tag, attribute, value) == ("a", "rel", _REL) else None


def _image(self: RendererHTML, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    """An image as a link to it: a page loads nothing from another host."""
    image = tokens[at]
    source = str(image.attrs["src"])
    for child in image.children or ():
        if child.type == "mention":
            child.type, child.content = "text", child.info
    words = self.renderInlineAsText(image.children, options, env) or source
    return f'<a href="{nh3.clean_text(source)}">{nh3.clean_text(words)}</a>'


def _mention(self: RendererHTML, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    """A person's name with a link to them; all are no link."""
    person: Mentioned | None = env["names"][tokens[at].content]
    if person is None:
        return f'<span class="mention" data-user="{EVERYBODY}">@{EVERYBODY}</span>'
    id_ = person.user_id
    link = f'<a class="mention" href="/people/{id_}" data-user="{id_}">'
    return f"{link}@{escape(person.name)}</a>"


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
    markdown.linkify = _linkify("ftp:", "//")
    markdown.add_render_rule("heading_open", lambda *_: "<p><strong>")
    markdown.add_render_rule("heading_close", lambda *_: "</strong></p>\n")
    markdown.add_render_rule("image", _image)
    markdown.add_render_rule("mention", _mention)
    mention_rule(markdown)
    return markdown


def _linkify(*without: str) -> LinkifyIt:
    links = LinkifyIt({}, {"fuzzy_link": False, "fuzzy_ip": False})  # README.md is no site
    for scheme in without:
        links.add(scheme, None)
    return links


_links = _linkify("ftp:", "//", "mailto:")
_links.set({"fuzzy_email": False})
_markdown = _make()
_sanitiser = nh3.Cleaner(
    tags=_TAGS,
    attributes={
        "a": {"href", "class", "data-user"},
        "span": {"class", "data-user"},
        "ol": {"start"},
    },
    attribute_filter=_filter,
    url_schemes={"http", "https", "mailto"},
    link_rel=_REL,
)
