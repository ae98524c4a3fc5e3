"""Render the Markdown and mentions of messages as HTML that is safe to insert into a page.

markdown-it-py parses CommonMark with raw HTML off; nh3 then keeps only the tags listed here, so
neither library is trusted alone. Messages are stored as they were typed.
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

from chatapp.text.mention_syntax import EVERYBODY, MentionedPerson, add_mention_rule, find_names
from chatapp.text.visible_text import MAX_TEXT_LENGTH

#: A text with more than these is shown as typed: parsing it would take too long.
MAX_MARKS = 500
MAX_LINKS = 150
MAX_LINES = 500
#: How deep quotes, lists and marks may nest; deeper ones are shown as typed.
MAX_NESTING = 12

_ADDRESS = re.compile(r"(?:https?://|mailto:)[^\s]", re.IGNORECASE)
#: A text without a match needs no parsing; most messages have none.
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
_USER_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ANCHOR = Markup('<a class="link" href="{address}" rel="{rel}">{words}</a>')


def render(
    text: str, people: Sequence[MentionedPerson] = (), *, everybody: bool = False
) -> str | None:
    """Render ``text`` as sanitised HTML, or return None if plain text shows the same.

    ``people`` are those it may mention; with ``everybody``, `@all` is a mention too.
    """
    if not people and not everybody and _HINT.search(text) is None:
        return None
    return _render(text, tuple(people), everybody).html


def find_mentions(
    text: str, people: Sequence[MentionedPerson], *, everybody: bool = False
) -> tuple[tuple[MentionedPerson, ...], bool]:
    """Return those of ``people`` that the text mentions outside code and links; and `@all`."""
    names = _render(text, tuple(people), everybody).names
    found = tuple(person for person in people if person.username in names)
    return found, everybody and EVERYBODY in names


def plain_text(html: str) -> str:
    """Return the words of HTML from `render`, on one line."""
    return Markup(html).striptags()  # noqa: S704  plain text from here on


class _Rendered(NamedTuple):
    """A text as HTML, and the names that it mentions."""

    html: str | None = None
    names: frozenset[str] = frozenset()


def link_addresses(text: str) -> Markup:
    """Escape ``text`` and turn its http(s) addresses into links."""
    parts, end = [], 0
    for found in _links.match(text) or []:
        parts += [
            escape(text[end : found.index]),
            _ANCHOR.format(address=found.url, rel=_REL, words=found.raw),
        ]
        end = found.last_index
    return Markup().join([*parts, escape(text[end:])])


@lru_cache(maxsize=512)
def _render(text: str, people: tuple[MentionedPerson, ...], everybody: bool) -> _Rendered:
    names: dict[str, MentionedPerson | None] = {person.username: person for person in people}
    if everybody:
        names[EVERYBODY] = None
    if _is_too_complex(text):
        return _Rendered(None, find_names(text, names))
    env: dict[str, Any] = {"names": names}
    tokens = _markdown.parse(text, env)
    found = frozenset(
        child.content
        for token in tokens
        for child in token.children or ()
        if child.type == "mention"
    )
    if all(map(_is_plain, tokens)) or not any(map(_has_content, tokens)):
        return _Rendered()
    html = _markdown.renderer.render(tokens, _markdown.options, env)
    return _Rendered(_sanitiser.clean(html).strip(), found)


def _is_too_complex(text: str) -> bool:
    """Check whether parsing the text as Markdown would take too long."""
    return (
        len(text) > MAX_TEXT_LENGTH
        or text.count("\n") >= MAX_LINES
        or _more_than(MAX_MARKS, _MARK, text)
        or _more_than(MAX_LINKS, _LINK, text)
    )


def _more_than(limit: int, pattern: re.Pattern[str], text: str) -> bool:
    """Check whether there are more matches than ``limit``, without counting all of them."""
    return any(number >= limit for number, _ in enumerate(pattern.finditer(text)))


def _is_plain(token: Token) -> bool:
    if token.type != "inline":
        return token.type in ("paragraph_open", "paragraph_close")
    children = token.children or []
    if any(child.type not in _WORDS for child in children):
        return False
    # With an escaped mark only words are left, but not as they were typed.
    return "\\" not in token.content or "".join(c.content for c in children) == "".join(
        line.strip() for line in token.content.split("\n")
    )


def _has_content(token: Token) -> bool:
    return token.type == "hr" or bool(token.content.strip())


def _filter_attribute(tag: str, attribute: str, value: str) -> str | None:
    if (tag, attribute) == ("a", "href"):
        person = value.removeprefix("/people/")
        allowed = _USER_ID.fullmatch(person) if person != value else _ADDRESS.match(value)
        return value if allowed else None
    if attribute == "class":
        return value if value == "mention" else None
    if attribute == "data-user":
        return value if value == EVERYBODY or _USER_ID.fullmatch(value) else None
    if (tag, attribute) == ("ol", "start"):
        return value if value.isdecimal() else None
    return value if (tag, attribute, value) == ("a", "rel", _REL) else None


def _image(self: RendererHTML, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    """Render an image as a link to it, because pages load nothing from other hosts."""
    image = tokens[at]
    source = str(image.attrs["src"])
    for child in image.children or ():
        if child.type == "mention":
            child.type, child.content = "text", child.info
    words = self.renderInlineAsText(image.children, options, env) or source
    return f'<a href="{nh3.clean_text(source)}">{nh3.clean_text(words)}</a>'


def _mention(self: RendererHTML, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    """Render a person's name as a link to their page, and `@all` without a link."""
    person: MentionedPerson | None = env["names"][tokens[at].content]
    if person is None:
        return f'<span class="mention" data-user="{EVERYBODY}">@{EVERYBODY}</span>'
    id_ = person.user_id
    link = f'<a class="mention" href="/people/{id_}" data-user="{id_}">'
    return f"{link}@{escape(person.name)}</a>"


def _markdown_parser() -> MarkdownIt:
    markdown = MarkdownIt(
        "commonmark",
        {"html": False, "breaks": True, "linkify": True, "maxNesting": MAX_NESTING},
    )
    markdown.enable(["linkify", "strikethrough"])
    # An entity was typed to be shown as it is; a definition or an underline would make words
    # disappear.
    markdown.disable(["entity", "reference", "lheading", "html_block", "html_inline"])
    markdown.validateLink = lambda url: bool(_ADDRESS.match(url))  # type: ignore[method-assign]
    markdown.linkify = _link_finder("ftp:", "//")
    markdown.add_render_rule("heading_open", lambda *_: "<p><strong>")
    markdown.add_render_rule("heading_close", lambda *_: "</strong></p>\n")
    markdown.add_render_rule("image", _image)
    markdown.add_render_rule("mention", _mention)
    add_mention_rule(markdown)
    return markdown


def _link_finder(*without: str) -> LinkifyIt:
    links = LinkifyIt({}, {"fuzzy_link": False, "fuzzy_ip": False})  # README.md is no website
    for scheme in without:
        links.add(scheme, None)
    return links


_links = _link_finder("ftp:", "//", "mailto:")
_links.set({"fuzzy_email": False})
_markdown = _markdown_parser()
_sanitiser = nh3.Cleaner(
    tags=_TAGS,
    attributes={
        "a": {"href", "class", "data-user"},
        "span": {"class", "data-user"},
        "ol": {"start"},
    },
    attribute_filter=_filter_attribute,
    url_schemes={"http", "https", "mailto"},
    link_rel=_REL,
)
