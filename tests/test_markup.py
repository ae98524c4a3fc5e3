"""Markdown becomes HTML that may be inserted; words that are only words stay words."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from types import FrameType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatapp import markup
from chatapp.markup import MOST_LINES, MOST_LINKS, MOST_MARKS, render
from chatapp.validation import TEXT_LIMIT
from tests.browser.xss_corpus import NAMES, NO_URLS, TEXTS, URLS

#: Calls of functions that one text may cost: some 20 ms.
MOST_WORK = 200_000
REL = 'rel="noopener noreferrer nofollow"'
ALLOWED = {
    **{tag: set[str]() for tag in ("p", "br", "strong", "em", "s", "code", "pre", "ul", "li")},
    "blockquote": set[str](),
    "hr": set[str](),
    "a": {"href", "rel"},
    "ol": {"start"},
}


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("*hi* **there**", "<p><em>hi</em> <strong>there</strong></p>"),
        ("~~no~~ `x < 1`", "<p><s>no</s> <code>x &lt; 1</code></p>"),
        ("**a**\nb", "<p><strong>a</strong><br>\nb</p>"),
        ("# Head\nbody", "<p><strong>Head</strong></p>\n<p>body</p>"),
        ("```py\nx = 1\n```", "<pre><code>x = 1\n</code></pre>"),
        ("    x = 1", "<pre><code>x = 1\n</code></pre>"),
        ("> so", "<blockquote>\n<p>so</p>\n</blockquote>"),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"),
        ("3. c\n4. d", '<ol start="3">\n<li>c</li>\n<li>d</li>\n</ol>'),
        ("---", "<hr>"),
        (r"\*as it is\*", "<p>*as it is*</p>"),
        ("[here](https://x.org/a)", f'<p><a href="https://x.org/a" {REL}>here</a></p>'),
        ("![a *cat*](http://x.org/c.png)", f'<p><a href="http://x.org/c.png" {REL}>a cat</a></p>'),
        ("![](http://x.org/c)", f'<p><a href="http://x.org/c" {REL}>http://x.org/c</a></p>'),
        ("see https://x.org.", f'<p>see <a href="https://x.org" {REL}>https://x.org</a>.</p>'),
        ("to a@x.org", f'<p>to <a href="mailto:a@x.org" {REL}>a@x.org</a></p>'),
        ("**<b>**", "<p><strong>&lt;b&gt;</strong></p>"),
    ],
)
def test_markdown_is_rendered(text: str, html: str) -> None:
    assert render(text) == html


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Good morning, and how are you? Fine; thanks.",
        "2 * 3 * 4 = 24",
        "snake_case_name and README.md",
        "first\n    second, indented\nthird",
        "a < b && c > d <!-- &lt;b&gt; -->",
        "<b>bold</b>",
        "**",
        "*",
        ">",
        "#",
        "```",
        "- ",
        "[x](javascript:alert(1))",
        "[x](/chats/3)",
        "![x](data:image/png;base64,AAAA)",
        "ftp://x.org //x.org javascript:alert(1)",
        "C:\\temp",
        "👍🏽",
    ],
)
def test_what_says_the_same_as_plain_text_stays_plain(text: str) -> None:
    assert render(text) is None


class Checker(HTMLParser):
    """Only what is allowed, everything closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ALLOWED, tag
        for name, value in attrs:
            assert name in ALLOWED[tag], (tag, name)
            if name == "href":
                assert re.match(r"(?i)(https?://|mailto:)[^\s\"<>]", value or ""), value
            if name == "start":
                assert (value or "").isdecimal()
        if tag == "a":
            assert dict(attrs)["rel"] == "noopener noreferrer nofollow"
        if tag not in ("br", "hr"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")


def check(text: str) -> None:
    html = render(text)
    if html is not None:
        checker = Checker()
        checker.feed(html)
        checker.close()
        assert checker.open == []


@pytest.mark.parametrize("text", TEXTS + NAMES + URLS + NO_URLS)
def test_nothing_gets_out(text: str) -> None:
    for dressed in (text, f"**{text}**", f"[{text}]({text})", f"[x](https://x.org/{text})"):
        check(dressed)


PIECES = st.sampled_from(
    [
        *"*_`~[]()<>!\\#->+1. \n\t\"'&:;/@a\0\u2028😀",
        *("http://", "mailto:", "javascript:", "x.org", "```", "<script>", "<a href=", "onerror="),
        *("    ", "![", "]("),
    ]
)


@given(st.lists(PIECES, max_size=60).map("".join))
def test_nothing_gets_out_whatever_is_written(text: str) -> None:
    check(text)


def work(task: Callable[[], object]) -> int:
    """How many functions the task calls, Python's and C's."""
    calls = 0

    def count(frame: FrameType, event: str, arg: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        task()
    finally:
        sys.setprofile(None)
    return calls


#: Each is repeated up to the longest text, and cut down until it is let through.
HOSTILE = (
    *("*", "_", "`", "[", "]", "<", ">", "\\", "~", "#", "!", "(", "-", "/", ":", "."),
    *("*a ", "**a", "***a***b", "*_", "_a_ ", "~~a", "`a", "`` ` "),
    *("[]", "[a](", "[a](b)", "![a](", "[a](<", '[a](b "', "[a](http://b)", "[*a*](http://b) "),
    *("<a", "<http://", "<http://b>", "http://", "http://a.b ", "a@", "a@b.", "a@b.co ", "mailto:"),
    *("> ", ">\n", "> a\nb\n", "> - ", "- ", "-\n", "- a\n", "- a\n\n", "- *a*\n\n  b\n\n"),
    *("1. a\n", "# a\n", "---\n", "```\n", "*a*\n\n", "`a`", "\\*", "😀*", "a\n", "*a*\n", "\t*"),
)


def just_let_through(piece: str) -> str:
    """As much of it as isn't refused for its size."""
    text = (piece * TEXT_LIMIT)[:TEXT_LIMIT]
    for pattern, most in ((markup._MARK, MOST_MARKS), (markup._LINK, MOST_LINKS)):
        ends = [found.end() for found in pattern.finditer(text)]
        if len(ends) > most:
            text = text[: ends[most - 1]]
    return "\n".join(text.split("\n")[:MOST_LINES])


@pytest.mark.parametrize("piece", HOSTILE)
def test_the_work_has_a_bound(piece: str) -> None:
    for text in (just_let_through(piece), (piece * TEXT_LIMIT)[:TEXT_LIMIT], piece * 16_384):
        markup._render.cache_clear()
        assert work(lambda text=text: render(text)) < MOST_WORK  # type: ignore[misc]
        check(text)


def test_long_runs_of_addresses_and_depth_have_a_bound() -> None:
    ladder = "".join(" " * (2 * depth) + "- a\n" for depth in range(97))
    nested = "> " * 200 + "*deep*"
    ticks = "".join("`" * length + " " for length in range(1, 30))
    for text in (ladder, nested, ticks, "http://" + "a." * 4_900, "http://a" + "-" * 9_900):
        markup._render.cache_clear()
        assert work(lambda text=text: render(text)) < MOST_WORK  # type: ignore[misc]
    assert (render(nested) or "").count("<blockquote>") <= markup.DEEPEST


def test_plain_words_cost_one_look() -> None:
    """It stands in the way of every message: no parser for what has nothing to mark up."""
    words = "Shall we meet at noon, then? I'll bring the coffee (and you the cake). " * 20
    assert work(lambda: render(words)) < 6


def test_the_most_that_is_rendered_is_rendered() -> None:
    assert render("**a** " * (MOST_MARKS // 4)) is not None
    assert render("- a\n" * (MOST_LINES - 1)) is not None
    assert render("```\n" + "x = y  # more\n" * 400 + "```") is not None
    assert render("*" + "a" * TEXT_LIMIT) is None
