"""Accent colours: the one a person chose, changed until text on it and in it can be read.

Its hue stays and its lightness changes, in OKLCH, where equal numbers look equally light. A library
would bring 3 MB and a start that is 0.1 s longer, for two conversions.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

#: WCAG 2.2 AA for text; what isn't text needs 3.
READABLE = 4.5
#: The luminance of surfaces on which the accent is text: at least in light, at most in dark.
#: docs/themes.md asks it of themes. Quotes in own messages come nearest to it.
LIGHT_FROM = 0.66
DARK_UP_TO = 0.07

#: Colours to pick from, by name.
PALETTE = {
    "#2f6fde": "Blue",
    "#0284a8": "Sky",
    "#0a7c66": "Teal",
    "#2e8540": "Green",
    "#6b7a1e": "Olive",
    "#b7791f": "Amber",
    "#c8560f": "Orange",
    "#c2362b": "Red",
    "#c92f6d": "Rose",
    "#9b3fa3": "Plum",
    "#6d4bc4": "Violet",
    "#5b6470": "Graphite",
}

_HEX = re.compile(r"#[0-9a-fA-F]{6}")
_WHITE = "#ffffff"


class Oklch(NamedTuple):
    """Lightness 0 to 1, chroma from 0, hue in radians."""

    lightness: float
    chroma: float
    hue: float


class Accent(NamedTuple):
    """The tokens of one mode; the fields' names are those of css/tokens.css."""

    accent: str
    accent_strong: str
    on_accent: str
    accent_soft: str
    own: str
    on_own: str
    selected: str
    focus: str


def is_color(text: object) -> bool:
    """Return whether this is a colour as it is stored."""
    return isinstance(text, str) and _HEX.fullmatch(text) is not None


def light(color: str) -> Accent:
    """Return the accent on light surfaces."""
    chosen = oklch(color)
    accent = _readable_on(chosen, LIGHT_FROM)
    strong = accent._replace(
        lightness=accent.lightness + (-0.07 if accent.lightness > 0.2 else 0.25)
    )
    return Accent(
        accent=to_hex(accent),
        accent_strong=to_hex(strong),
        on_accent=_WHITE,
        accent_soft=_tint(chosen, 0.955, 0.02),
        own=_tint(chosen, 0.92, 0.045),
        on_own=_tint(chosen, 0.27, 0.05),
        selected=_WHITE,
        focus=to_hex(accent),
    )


def dark(color: str) -> Accent:
    """Return the accent on dark surfaces."""
    chosen = oklch(color)
    accent = _readable_on(chosen, DARK_UP_TO)
    strong = accent._replace(
        lightness=accent.lightness + (0.07 if accent.lightness < 0.9 else -0.07)
    )
    return Accent(
        accent=to_hex(accent),
        accent_strong=to_hex(strong),
        on_accent=_tint(chosen, 0.22, 0.04),
        accent_soft=_tint(chosen, 0.27, 0.045),
        own=_tint(chosen, 0.355, 0.075),
        on_own=_tint(chosen, 0.955, 0.015),
        selected=_tint(chosen, 0.315, 0.05),
        focus=to_hex(accent),
    )


@lru_cache(1024)
def css(color: str | None) -> str:
    """Return the CSS rule that makes this colour the page's accent; "" where it isn't a colour."""
    if color is None or not is_color(color):
        return ""
    pairs = zip(Accent._fields, light(color), dark(color), strict=True)
    tokens = (f"--{name.replace('_', '-')}:light-dark({a},{b})" for name, a, b in pairs)
    return f":root{{{';'.join(tokens)}}}"


@lru_cache(1024)
def bar_colors(color: str | None) -> tuple[str, str] | None:
    """Return the colours of a browser's own bars, in light and dark; None without an accent."""
    if color is None or not is_color(color):
        return None
    return light(color).accent_soft, dark(color).accent_soft


def contrast(one: float, other: float) -> float:
    """Return WCAG's contrast ratio of two luminances."""
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


def luminance(color: str) -> float:
    """Return WCAG's relative luminance of a colour."""
    red, green, blue = _linear(color)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def oklch(color: str) -> Oklch:
    """Return a colour's lightness, chroma and hue (https://bottosson.github.io/posts/oklab)."""
    r, g, b = _linear(color)
    long = math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b)
    middle = math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b)
    short = math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b)
    lightness = 0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short
    green_red = 1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short
    blue_yellow = 0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short
    return Oklch(lightness, math.hypot(green_red, blue_yellow), math.atan2(blue_yellow, green_red))


def to_hex(color: Oklch) -> str:
    """Return the colour in sRGB, with less chroma where sRGB doesn't have that much."""
    lightness = min(max(color.lightness, 0.0), 1.0)
    low, high = 0.0, color.chroma
    channels = _srgb(color._replace(lightness=lightness))
    if not _shown(channels):
        for _ in range(8):
            middle = (low + high) / 2
            shown = _shown(_srgb(Oklch(lightness, middle, color.hue)))
            low, high = (middle, high) if shown else (low, middle)
        channels = _srgb(Oklch(lightness, low, color.hue))
    return "#" + "".join(f"{round(min(max(value, 0), 1) * 255):02x}" for value in channels)


def _readable_on(color: Oklch, surface: float) -> Oklch:
    """Return the colour in the nearest lightness that can be read on surfaces of this luminance."""

    def at(lightness: float) -> bool:
        shade = to_hex(color._replace(lightness=lightness))
        return contrast(luminance(shade), surface) >= READABLE

    if at(color.lightness):
        return color  # a surface this light or dark leaves no room on its other side
    far, near = (0.0 if surface > 0.5 else 1.0), color.lightness
    for _ in range(8):
        middle = (far + near) / 2
        far, near = (middle, near) if at(middle) else (far, middle)
    return color._replace(lightness=far)


def _tint(color: Oklch, lightness: float, chroma: float) -> str:
    return to_hex(Oklch(lightness, min(color.chroma / 2, chroma), color.hue))


def _linear(color: str) -> Iterator[float]:
    for start in (1, 3, 5):
        value = int(color[start : start + 2], 16) / 255
        yield value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def _srgb(color: Oklch) -> tuple[float, ...]:
    a, b = color.chroma * math.cos(color.hue), color.chroma * math.sin(color.hue)
    long = (color.lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (color.lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (color.lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    linear = (
        4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short,
    )
    return tuple(
        12.92 * value if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055
        for value in linear
    )


def _shown(channels: tuple[float, ...]) -> bool:
    return all(-0.0005 <= value <= 1.0005 for value in channels)
