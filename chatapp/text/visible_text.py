"""Clean names, titles and descriptions of characters that hide, reorder or cover other text.

The closest standard, PRECIS nicknames (RFC 8266), refuses most emoji and folds ligatures and
widths. So this module removes less: only what affects other text on the page.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from itertools import groupby

import idna

#: The longest text of a message, in characters (Unicode code points).
MAX_TEXT_LENGTH = 10_000
#: The longest input, in characters; longer ones are refused without looking at them.
MAX_INPUT_LENGTH = 20_000
#: Marks on one letter, or tags on a flag: Vietnamese needs 2, pointed Hebrew 4, Scotland's flag 6.
MAX_MARKS = 6
#: Longer runs of marks than anyone writes are put in order before normalising.
_ORDINARY_RUN = 30

#: How many characters around a joiner are looked at.
_JOINER_CONTEXT = 2 * MAX_MARKS
#: Removing characters may bring others together, so cleaning repeats, at most this often.
_MAX_ROUNDS = 4

_ZWNJ, _ZWJ = "\u200c", "\u200d"
_JOINERS = frozenset((_ZWNJ, _ZWJ))
_BLACK_FLAG, _EMOJI_STYLE = "\U0001f3f4", "\ufe0f"
#: Letters and a symbol that are drawn as nothing.
_BLANK = dict.fromkeys(map(ord, "\u115f\u1160\u3164\uffa0\u2800\u034f\u17b4\u17b5"), " ")
#: Visible characters of category Cf: they go under or around the digits that follow.
_VISIBLE_FORMATS = frozenset(
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
)


def nfc(text: str) -> str:
    """Normalise ``text`` to NFC in linear time.

    Python sorts the marks of one letter by insertion: 120,000 of them, which fit into a frame, took
    14 seconds. Marks that are already in order take no longer than other text.
    """
    if text.isascii():
        return text
    if len(text) > _ORDINARY_RUN:
        text = "".join(_order_long_runs(text))
    return unicodedata.normalize("NFC", text)


def visible_line(text: str) -> str:
    """Return one line without controls, bidirectional marks and zero-width characters.

    White space is folded. Marks must stand on a letter, at most `MAX_MARKS` on each. Joiners stay
    where they shape something: emoji, Persian, Indic scripts. Raises ValueError for more than
    `MAX_INPUT_LENGTH` characters.
    """
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    _check_length(text)
    shown = "".join(character for character in text.translate(_BLANK) if not _is_hidden(character))
    for _ in range(_MAX_ROUNDS):
        before = shown
        shown = _limit_marks(nfc(_drop_idle_joiners(shown)))
        if shown == before:
            break
    return " ".join(shown.split())


def visible_lines(text: str) -> str:
    """Clean each line as `visible_line` does; drop empty lines at the start and end."""
    _check_length(text)
    return "\n".join(visible_line(line) for line in text.splitlines()).strip("\n")


def _check_length(text: str) -> None:
    if len(text) > MAX_INPUT_LENGTH:
        raise ValueError(f"At most {MAX_INPUT_LENGTH:,} characters, please")


def _order_long_runs(text: str) -> Iterator[str]:
    """Yield the text in pieces, with long runs of marks in canonical order (UAX #15)."""
    for marks, run in groupby(text, _is_mark):
        piece = "".join(run)
        if marks and len(piece) > _ORDINARY_RUN:
            apart = (unicodedata.normalize("NFD", mark) for mark in piece)
            piece = "".join(sorted("".join(apart), key=unicodedata.combining))
        yield piece


def _is_mark(character: str) -> bool:
    """Check whether the character is a combining mark, or decomposes into some."""
    return unicodedata.combining(character) != 0 or character in "\u0f73\u0f75\u0f81"


def _is_hidden(character: str) -> bool:
    category = unicodedata.category(character)
    if category == "Cf":
        return not (character in _VISIBLE_FORMATS or character in _JOINERS or _is_tag(character))
    return category in ("Cc", "Cs") and not character.isspace()


def _is_tag(character: str) -> bool:
    return "\U000e0020" <= character <= "\U000e007f"


def _limit_marks(text: str) -> str:
    """Drop marks that stand on nothing, and those beyond `MAX_MARKS` on one letter."""
    kept: list[str] = []
    base, marks = " ", 0
    for character in text:
        if character in _JOINERS:
            pass
        elif _is_tag(character) or unicodedata.category(character) in ("Mn", "Me"):
            marks += 1
            if base.isspace() or marks > MAX_MARKS or (_is_tag(character) and base != _BLACK_FLAG):
                continue
        else:
            base, marks = character, 0
        kept.append(character)
    return "".join(kept)


def _drop_idle_joiners(text: str) -> str:
    """Drop joiners that shape nothing."""
    return "".join(
        character
        for place, character in enumerate(text)
        if character not in _JOINERS or _joins(text, place)
    )


def _joins(text: str, place: int) -> bool:
    start = max(place - _JOINER_CONTEXT, 0)
    before, after = text[max(place - 1, 0) : place], text[place + 1 : place + 2]
    if text[place] == _ZWJ and _is_emoji_part(before) and _is_emoji_part(after):
        return True
    try:  # RFC 5892, A.1 and A.2
        return idna.core.valid_contextj(text[start : place + _JOINER_CONTEXT], place - start)
    except ValueError:  # next to an unassigned character
        return False


def _is_emoji_part(character: str) -> bool:
    """Check whether the character is part of an emoji, even one newer than Python's tables."""
    if not character:
        return False
    if character in _EMOJI_STYLE or _is_tag(character) or "\U0001f000" <= character <= "\U0001ffff":
        return True
    return unicodedata.category(character) == "So"
