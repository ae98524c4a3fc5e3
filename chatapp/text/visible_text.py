"""Text that shows itself as it is, and nothing else on the page: names, titles, descriptions.

PRECIS' nicknames (RFC 8266) come nearest among what is standardised, but refuse most emoji and
fold ligatures and widths. So here only what hides, reorders or covers other text goes.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from itertools import groupby

import idna

#: The longest text of a message, in characters (Unicode code points).
TEXT_LIMIT = 10_000
#: Characters that a caller may give: more isn't looked at, whatever would be left of it.
MOST_GIVEN = 20_000
#: Marks on one letter, or tags on a flag. Vietnamese takes 2, pointed Hebrew 4, Scotland's flag 6.
MOST_MARKS = 6
#: As many marks in a row as nobody writes: beyond it they are put in order before normalising.
_ORDINARY_RUN = 30

#: Characters around a joiner that are looked at.
_NEAR = 2 * MOST_MARKS
#: What goes may bring others together that weren't; more often than this it doesn't.
_ROUNDS = 4

_ZWNJ, _ZWJ = "\u200c", "\u200d"
_JOINERS = frozenset((_ZWNJ, _ZWJ))
_BLACK_FLAG, _EMOJI_STYLE = "\U0001f3f4", "\ufe0f"
#: Letters and a symbol that are drawn as nothing.
_BLANK = dict.fromkeys(map(ord, "\u115f\u1160\u3164\uffa0\u2800\u034f\u17b4\u17b5"), " ")
#: Signs of category Cf that are seen: they go under or around the digits that follow.
_SEEN = frozenset(
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
)


def nfc(text: str) -> str:
    """``text`` in NFC, in time that grows with its length and not with its square.

    Python sorts the marks of one letter by insertion: 120,000 of them, which fit a frame, took
    14 seconds. Marks that are in order already take no longer than other text.
    """
    if text.isascii():
        return text
    if len(text) > _ORDINARY_RUN:
        text = "".join(_in_order(text))
    return unicodedata.normalize("NFC", text)


def visible_line(text: str) -> str:
    """One line without what hides or reorders: controls, bidirectional marks, zero widths.

    White space is folded. Marks stand on letters, at most `MOST_MARKS` on each. Joiners stay where
    they shape something: emoji, Persian, Indic scripts. Raises ValueError beyond `MOST_GIVEN`.
    """
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    _refuse_endless(text)
    shown = "".join(character for character in text.translate(_BLANK) if not _is_hidden(character))
    for _ in range(_ROUNDS):
        before = shown
        shown = _bounded_marks(nfc(_only_joining(shown)))
        if shown == before:
            break
    return " ".join(shown.split())


def visible_lines(text: str) -> str:
    """The same for text of several lines, which stay; without empty ones around it."""
    _refuse_endless(text)
    return "\n".join(visible_line(line) for line in text.splitlines()).strip("\n")


def _refuse_endless(text: str) -> None:
    if len(text) > MOST_GIVEN:
        raise ValueError(f"At most {MOST_GIVEN:,} characters, please")


def _in_order(text: str) -> Iterator[str]:
    """Its pieces, long runs of marks put into canonical order (UAX #15) as normalising does."""
    for marks, run in groupby(text, _is_mark):
        piece = "".join(run)
        if marks and len(piece) > _ORDINARY_RUN:
            apart = (unicodedata.normalize("NFD", mark) for mark in piece)
            piece = "".join(sorted("".join(apart), key=unicodedata.combining))
        yield piece


def _is_mark(character: str) -> bool:
    """Whether it is, or becomes when taken apart, something that is put in order."""
    return unicodedata.combining(character) != 0 or character in "\u0f73\u0f75\u0f81"


def _is_hidden(character: str) -> bool:
    category = unicodedata.category(character)
    if category == "Cf":
        return not (character in _SEEN or character in _JOINERS or _is_tag(character))
    return category in ("Cc", "Cs") and not character.isspace()


def _is_tag(character: str) -> bool:
    return "\U000e0020" <= character <= "\U000e007f"


def _bounded_marks(text: str) -> str:
    """Without marks that stand on nothing, and those beyond `MOST_MARKS` on one letter."""
    kept: list[str] = []
    base, marks = " ", 0
    for character in text:
        if character in _JOINERS:
            pass
        elif _is_tag(character) or unicodedata.category(character) in ("Mn", "Me"):
            marks += 1
            if base.isspace() or marks > MOST_MARKS or (_is_tag(character) and base != _BLACK_FLAG):
                continue
        else:
            base, marks = character, 0
        kept.append(character)
    return "".join(kept)


def _only_joining(text: str) -> str:
    """Without joiners that shape nothing."""
    return "".join(
        character
        for place, character in enumerate(text)
        if character not in _JOINERS or _joins(text, place)
    )


def _joins(text: str, place: int) -> bool:
    start = max(place - _NEAR, 0)
    before, after = text[max(place - 1, 0) : place], text[place + 1 : place + 2]
    if text[place] == _ZWJ and _is_pictured(before) and _is_pictured(after):
        return True
    try:  # RFC 5892, A.1 and A.2
        return idna.core.valid_contextj(text[start : place + _NEAR], place - start)
    except ValueError:  # beside something that has no name
        return False


def _is_pictured(character: str) -> bool:
    """Part of an emoji; one that is newer than Python's tables counts too."""
    if not character:
        return False
    if character in _EMOJI_STYLE or _is_tag(character) or "\U0001f000" <= character <= "\U0001ffff":
        return True
    return unicodedata.category(character) == "So"
