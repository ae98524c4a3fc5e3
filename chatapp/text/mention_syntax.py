"""`@username` in a text: where one stands, and whom of some people it means.

Not within an e-mail address or the path of a URL. Dots, hyphens and underscores at its end belong
to the sentence, unless somebody is called just that. `text.markdown` reads Markdown around it.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from itertools import islice
from typing import Any, NamedTuple

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline

#: Whoever is in a group.
EVERYBODY = "all"
#: Of how many a text can mention the first are looked up.
MOST_MENTIONS = 100
_SHORTEST, _LONGEST = 3, 30
#: What may belong to the sentence.
_ENDS = "._-"

#: The characters of usernames after an @, and the @ that makes it something else.
_RUN = re.compile(r"(?<![A-Za-z0-9+/=@-])(?<![A-Za-z0-9]_)@([A-Za-z0-9_.-]{3,})(?=(@?))")


class Mentioned(NamedTuple):
    """Somebody, by the username that stands in the text, and what they are called now."""

    username: str
    user_id: str
    name: str


def possible_names(text: str) -> set[str]:
    """Every username that ``text`` may mention; whether it does, Markdown decides."""
    return {name for run in islice(_runs(text), MOST_MENTIONS) for name in _readings(run)}


def names_in(text: str, names: Container[str]) -> frozenset[str]:
    """Which of ``names`` the text mentions, if nothing in it is Markdown."""
    return frozenset(name for run in _runs(text) if (name := _name(run, names)) is not None)


def mention_rule(markdown: MarkdownIt) -> None:
    """Let `markdown` make tokens of type "mention", of the names in its `env["names"]`."""
    markdown.inline.ruler.push("mention", _mention)


def _mention(state: StateInline, silent: bool) -> bool:
    names: dict[str, Any] = state.env.get("names", {})
    if not names or state.linkLevel or state.src[state.pos] != "@":
        return False
    run = _RUN.match(state.src, state.pos)
    name = _name(run[1], names) if run and not run[2] else None
    if name is None:
        return False
    end = state.pos + 1 + len(name)
    if not silent:
        token = state.push("mention", "", 0)
        token.content, token.info = name, state.src[state.pos : end]
    state.pos = end
    return True


def _runs(text: str) -> dict[str, None]:
    """Each once, in their order."""
    return dict.fromkeys(run for run, more in _RUN.findall(text) if not more)


def _name(run: str, names: Container[str]) -> str | None:
    """Which of ``names`` it is, the longest reading first."""
    whole = run.lower()
    if whole in names or run[-1] not in _ENDS:
        return whole if whole in names else None
    return next((name for name in _readings(run) if name in names), None)


def _readings(run: str) -> Iterator[str]:
    """What usernames a run of their characters can be, the longest first."""
    least = max(_SHORTEST, len(run.rstrip(_ENDS)))
    for length in range(min(len(run), _LONGEST), least - 1, -1):
        yield run[:length].lower()
