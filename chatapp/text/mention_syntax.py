"""Find `@username` in a text, and decide which of some people it means.

Mentions don't count inside an email address or the path of a URL. Dots, hyphens and underscores at
the end belong to the sentence, unless a person's username ends in them. `text.markdown` parses the
Markdown around mentions.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from itertools import islice
from typing import Any, NamedTuple

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline

#: `@all` mentions every member.
EVERYBODY = "all"
#: Only the first this many mentions of a text are looked up.
MAX_MENTIONS = 100
_MIN_LENGTH, _MAX_LENGTH = 3, 30
#: Characters at the end that may belong to the sentence.
_PUNCTUATION = "._-"

#: The characters of usernames after an @, and the @ that makes it something else.
_RUN = re.compile(r"(?<![A-Za-z0-9+/=@-])(?<![A-Za-z0-9]_)@([A-Za-z0-9_.-]{3,})(?=(@?))")


class MentionedPerson(NamedTuple):
    """A person, by the username in the text, with the name they have now."""

    username: str
    user_id: str
    name: str


def possible_names(text: str) -> set[str]:
    """Return every username that ``text`` may mention; Markdown decides whether it does."""
    return {name for run in islice(_runs(text), MAX_MENTIONS) for name in _readings(run)}


def find_names(text: str, names: Container[str]) -> frozenset[str]:
    """Return those of ``names`` that the text mentions if none of it is Markdown."""
    return frozenset(name for run in _runs(text) if (name := _name(run, names)) is not None)


def add_mention_rule(markdown: MarkdownIt) -> None:
    """Make `markdown` parse the names in its `env["names"]` into tokens of type "mention"."""
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
    """Return each run of username characters after an @ once, in order."""
    return dict.fromkeys(run for run, more in _RUN.findall(text) if not more)


def _name(run: str, names: Container[str]) -> str | None:
    """Return the longest reading of this run that is one of ``names``."""
    whole = run.lower()
    if whole in names or run[-1] not in _PUNCTUATION:
        return whole if whole in names else None
    return next((name for name in _readings(run) if name in names), None)


def _readings(run: str) -> Iterator[str]:
    """Yield the usernames that a run of characters can mean, the longest first."""
    least = max(_MIN_LENGTH, len(run.rstrip(_PUNCTUATION)))
    for length in range(min(len(run), _MAX_LENGTH), least - 1, -1):
        yield run[:length].lower()
