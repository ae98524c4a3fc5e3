"""Markdown: the HTML is safe, and plain text stays plain."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Sequence
from html.parser import HTMLParser
from types import FrameType

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markupsafe import Markup

from chatapp.core.validation import MAX_TEXT_LENGTH
from chatapp.text import markdown
from chatapp.text.markdown import MAX_LINES, MAX_LINKS, MAX_MARKS, find_mentions, render
from chatapp.text.mention_syntax import MentionedPerson, possible_names
from tests.support.xss_corpus import NAMES, NO_URLS, TEXTS, URLS

#: Calls of functions that one text may cost: some 20 ms.
MOST_WORK = 200_000
REL = 'rel="noopener noreferrer nofollow"'
ALLOWED = {
    **{tag: set[str]() for tag in ("p", "br", "strong", "em", "s", "code", "pre", "ul", "li")},
    "blockquote": set[str](),
    "hr": set[str](),
    "a": {"href", "rel"},
    "span": set[str](),
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
def test_plain_text_stays_plain(text: str) -> None:
    assert render(text) is None


ADA = MentionedPerson("ada", "01234567-89ab-4cde-8f01-23456789abcd", "Ada Lovelace")
DOT = MentionedPerson("_x.", "11234567-89ab-4cde-8f01-23456789abcd", "Ẋ")
MENTIONABLE = {ADA.user_id, DOT.user_id, "all"}


class Checker(HTMLParser):
    """Check for allowed tags only, closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ALLOWED, tag
        given = dict(attrs)
        mention = given.get("class") == "mention"
        for name, value in attrs:
            assert name in ALLOWED[tag] | ({"class", "data-user"} if mention else set()), name
            if name == "href" and mention:
                assert value == f"/people/{given['data-user']}"
            elif name == "href":
                assert re.match(r"(?i)(https?://|mailto:)[^\s\"<>]", value or ""), value
            if name == "start":
                assert (value or "").isdecimal()
        if mention:
            assert given["data-user"] in MENTIONABLE, given
        assert mention or tag != "span"
        if tag == "a":
            assert given["rel"] == "noopener noreferrer nofollow"
        if tag not in ("br", "hr"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")


def check(text: str, people: Sequence[MentionedPerson] = (), *, everybody: bool = False) -> None:
    html = render(text, people, everybody=everybody)
    if html is not None:
        checker = Checker()
        checker.feed(html)
        checker.close()
        assert checker.open == []


@pytest.mark.parametrize("text", TEXTS + NAMES + URLS + NO_URLS)
def test_nothing_gets_out(text: str) -> None:
    for dressed in (text, f"**{text}**", f"[{text}]({text})", f"[x](https://x.org/{text})"):
        check(dressed)


@pytest.mark.parametrize("text", TEXTS + NAMES + URLS + NO_URLS)
def test_nothing_gets_out_with_mentions(text: str) -> None:
    """Neither the text around a mention nor a name can break out."""
    called = ADA._replace(name=text)
    for dressed in (f"@ada {text}", f"{text}@ada", f"**@ada{text}**", f"[@ada {text}](@ada)"):
        check(dressed, [called, DOT], everybody=True)
    html = render("@ada", [called]) or ""
    assert Markup(html).striptags().split() == f"@{text}".replace("\0", "�").split() or "<" in text


def test_typed_html_makes_no_mention() -> None:
    id_ = ADA.user_id
    for text in (
        f'<a class="mention" href="/people/{id_}" data-user="{id_}">@Ada</a> *x*',
        '<span class="mention" data-user="all">@all</span> *x*',
        f"[@Ada](/people/{id_}) *x*",
        f"[@Ada](https://x.org){{.mention data-user={id_}}} *x*",
        '[@Ada](https://x.org "mention") *x*',
    ):
        html = render(text) or ""
        assert not re.search(r"<[^>]*mention", html), html


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("@ada", {"ada"}),
        ("@ADA's, (@all)!", {"ada", "all"}),
        ("_@ada_ *@_x.* @_x._", {"ada", "_x."}),
        ("これは@adaさん", {"ada"}),
        ("👋@ada", {"ada"}),
        ("- `@all`\n- @ada", {"ada"}),
        ("> @ada\n\n    @all", {"ada"}),
        ("[@ada]", {"ada"}),
        ("![@ada](https://x.org/a.png)", set()),
        ("[@ada](https://x.org)", set()),
        ("<https://x.org/@ada> https://x.org?a=@ada", set()),
        ("x@ada x.y@ada x+@ada a_@ada", set()),
        ("@ada@x.org @@ada -@ada /@ada", set()),
        ("@adam @ada.b @ada-b", set()),
        (f"@ada{'-' * 40}", {"ada"}),
        (f"@{'ada' * 40}", set()),
        (r"\@ada", set()),
        ("`*` " * MAX_MARKS + "`@ada`", {"ada"}),  # shown as typed, so this is no code
    ],
)
def test_where_mentions_count(text: str, names: set[str]) -> None:
    people, everybody = find_mentions(text, [ADA, DOT], everybody=True)
    assert {one.username for one in people} | ({"all"} if everybody else set()) == names
    assert names <= possible_names(text)
    if len(text) < 1_000:
        html = render(text, people, everybody=everybody) or ""
        assert set(re.findall('data-user="(.*?)"', html)) == {one.user_id for one in people} | (
            {"all"} if everybody else set()
        )


def test_a_mention_in_an_image_stays_its_words() -> None:
    html = render("![to @ada](https://x.org/a)", [ADA])
    assert html == f'<p><a href="https://x.org/a" {REL}>to @ada</a></p>'


PIECES = st.sampled_from(
    [
        *"*_`~[]()<>!\\#->+1. \n\t\"'&:;/@a\0\u2028😀",
        *("http://", "mailto:", "javascript:", "x.org", "```", "<script>", "<a href=", "onerror="),
        *("    ", "![", "]("),
        *("@ada", "@_x.", "@all"),
    ]
)


@given(st.lists(PIECES, max_size=60).map("".join))
@example("&@adax.org")
@example("-- -")
@example("1.\n\n \ta")
@pytest.mark.slow
def test_nothing_gets_out_of_random_text(text: str) -> None:
    check(text)
    check(text, [ADA, DOT], everybody=True)
    people, everybody = find_mentions(text, [ADA, DOT], everybody=True)
    assert render(text, people, everybody=everybody) == render(text, [ADA, DOT], everybody=True)


def work(task: Callable[[], object]) -> int:
    """Count the calls of functions, Python's and C's."""
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
    """Return as much of it as is just accepted."""
    text = (piece * MAX_TEXT_LENGTH)[:MAX_TEXT_LENGTH]
    for pattern, most in ((markdown._MARK, MAX_MARKS), (markdown._LINK, MAX_LINKS)):
        ends = [found.end() for found in pattern.finditer(text)]
        if len(ends) > most:
            text = text[: ends[most - 1]]
    return "\n".join(text.split("\n")[:MAX_LINES])


@pytest.mark.parametrize("piece", HOSTILE)
@pytest.mark.slow
def test_the_work_has_a_bound(piece: str) -> None:
    for text in (
        just_let_through(piece),
        (piece * MAX_TEXT_LENGTH)[:MAX_TEXT_LENGTH],
        piece * 16_384,
    ):
        markdown._render.cache_clear()
        assert work(lambda text=text: render(text)) < MOST_WORK  # type: ignore[misc]
        check(text)


MENTIONING = (
    *("@", "@a", "@ada", "@ada ", "@ada.", "@ada- ", "@ada@", "a@ada ", "`@ada", "[@ada", "*@ada"),
    *("@" + "." * 40, "@ada" + "_" * 40 + " ", "@all\n", "\\@ada", "@ada[", "[@ada](", "> @ada\n"),
    "".join(f"@abc{number} " for number in range(7_000)),
)


@pytest.mark.parametrize("piece", MENTIONING, ids=lambda piece: piece[:6])
def test_the_work_of_finding_mentions_has_a_bound(piece: str) -> None:
    """64 KB, and the longest message: at most 50 ms."""

    def find(text: str) -> float:
        markdown._render.cache_clear()
        start = time.thread_time()
        possible_names(text)
        find_mentions(text, [ADA, DOT], everybody=True)
        return time.thread_time() - start

    for most in (65_536, MAX_TEXT_LENGTH):
        text = (piece * (most // len(piece) + 1))[:most]
        assert min(find(text) for _ in range(3)) <= 0.05
        assert work(lambda text=text: find(text)) < MOST_WORK  # type: ignore[misc]


def test_long_runs_of_addresses_and_depth_have_a_bound() -> None:
    ladder = "".join(" " * (2 * depth) + "- a\n" for depth in range(97))
    nested = "> " * 200 + "*deep*"
    ticks = "".join("`" * length + " " for length in range(1, 30))
    for text in (ladder, nested, ticks, "http://" + "a." * 4_900, "http://a" + "-" * 9_900):
        markdown._render.cache_clear()
        assert work(lambda text=text: render(text)) < MOST_WORK  # type: ignore[misc]
    assert (render(nested) or "").count("<blockquote>") <= markdown.MAX_NESTING


def test_plain_text_needs_no_parser() -> None:
    """Every message passes here, so text without markup must not reach the parser."""
    words = "Shall we meet at noon, then? I'll bring the coffee (and you the cake). " * 20
    assert work(lambda: render(words)) < 6


def test_texts_at_the_limits_are_rendered() -> None:
    assert render("**a** " * (MAX_MARKS // 4)) is not None
    assert render("- a\n" * (MAX_LINES - 1)) is not None
    assert render("```\n" + "x = y  # more\n" * 400 + "```") is not None
    assert render("*" + "a" * MAX_TEXT_LENGTH) is None
