"""Template filters for the names and avatars of people and groups."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from itertools import takewhile

import emoji

#: How many avatar colours there are; static/css/components/avatar.css has one rule for each.
AVATAR_HUES = 12
_HEX = re.compile(r"[0-9a-f]{8}")


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
