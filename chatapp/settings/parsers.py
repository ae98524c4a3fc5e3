"""Parse the text of a setting into a value; a ValueError says what is wrong with it."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from chatapp.settings import TOP

SECRET_BYTES = 32
_THEMES = TOP / "templates" / "themes"
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


def line(value: str) -> str:
    """Parse one line of text."""
    if not value.isprintable():
        raise ValueError("it contains an unprintable character")
    return value


def integer(low: int, high: int) -> Callable[[str], int]:
    """Return a parser for whole numbers between these bounds."""

    def parse(value: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", value) or not low <= int(value) <= high:
            raise ValueError
        return int(value)

    return parse


def seconds(low: float, high: float = 3650 * 86400) -> Callable[[str], float]:
    """Return a parser for times such as 7d, 24h, 15m or 30s, within these bounds in seconds.

    A number without a unit is in seconds.
    """

    def parse(value: str) -> float:
        match = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,3})?)([smhd]?)", value.lower())
        if match is None:
            raise ValueError
        number = float(match[1]) * _UNITS[match[2]]
        if not low <= number <= high:
            raise ValueError
        return number

    return parse


def duration(low: float) -> Callable[[str], timedelta]:
    """Return a parser for times of at least `low` seconds."""
    parse = seconds(low)
    return lambda value: timedelta(seconds=parse(value))


def choice(*options: str) -> Callable[[str], str]:
    """Return a parser that accepts these words, in any case."""

    def parse(value: str) -> str:
        if value.lower() not in options:
            raise ValueError
        return value.lower()

    return parse


def on_off(value: str) -> bool:
    """Parse `on` or `off`."""
    return choice("on", "off")(value) == "on"


def comma_separated(value: str) -> tuple[str, ...]:
    """Split at commas; drop spaces, empty entries and repetitions."""
    return tuple(dict.fromkeys(entry for entry in map(str.strip, value.split(",")) if entry))


def names(value: str) -> tuple[str, ...]:
    """Parse names separated by commas."""
    found = comma_separated(value)
    if not all(len(name) <= 50 and name.isprintable() for name in found):
        raise ValueError("a name is too long, or contains an unprintable character")
    return found


def themes(value: str) -> tuple[str, ...]:
    """Parse names of themes separated by commas; each must have its folder."""
    chosen = names(value)
    known = sorted(folder.name for folder in _THEMES.iterdir() if _is_theme(folder))
    unknown = [name for name in chosen if name not in known]
    if unknown or not chosen:
        what = f"there is no theme {', '.join(unknown)}" if unknown else "it names no theme"
        raise ValueError(f"{what}; the known ones are {', '.join(known)}")
    return chosen


def _is_theme(folder: Path) -> bool:
    return folder.is_dir() and re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,39}", folder.name) is not None


def dialects(value: str) -> frozenset[str]:
    """Parse names of dialects separated by commas, or `none`."""
    found = frozenset(comma_separated(value.lower()))
    if found == {"none"}:
        return frozenset()
    if not found or not found <= {"camel", "kebab", "cookie"}:
        raise ValueError
    return found


def folder(value: str) -> Path:
    """Parse a folder; a relative one starts at the top folder, wherever the process started."""
    return TOP / Path(line(value)).expanduser()


def secret_key(value: str) -> str:
    """Parse a key that is long enough and isn't the placeholder of an example."""
    size = len(value.encode())
    if size < SECRET_BYTES:
        raise ValueError(f"it has {size} bytes")
    if re.search(r"change.?(me|this|in.?production)|your.?(jwt.?)?secret", value, re.IGNORECASE):
        raise ValueError("it looks like the placeholder of an example")
    return value


def networks(value: str) -> tuple[str, ...]:
    """Parse IP networks or single addresses, separated by commas."""
    entries = map(ipaddress.ip_network, comma_separated(value))
    return tuple(dict.fromkeys(map(str, entries)))
