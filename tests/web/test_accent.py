"""The accent: whatever colour somebody chose, what is written in it and on it can be read."""

from __future__ import annotations

import re
from itertools import product

import pytest

from chatapp.web import accent
from chatapp.web.accent import contrast, luminance
from tests.support.process import TOP

STEPS = range(0, 256, 255 // 9)
GRID = [f"#{r:02x}{g:02x}{b:02x}" for r, g, b in product(STEPS, repeat=3)]
PURE = ("#ff0000", "#00ff00", "#0000ff", "#ffff00", "#00ffff", "#ff00ff")
WILD = (*PURE, "#ffffff", "#fefefe", "#808080", "#010101", "#000000")
TOKENS = (TOP / "static/css/tokens.css").read_text(encoding="utf-8")


def token(name: str) -> tuple[str, str]:
    """A colour of tokens.css by its purpose, in light and in dark."""
    found = re.search(rf"--{name}: light-dark\(var\(--([\w-]+)\), var\(--([\w-]+)\)\)", TOKENS)
    assert found, name
    first, second = (re.search(rf"--{part}: (#\w{{6}});", TOKENS) for part in found.groups())
    assert first
    assert second
    return first[1], second[1]


def below(name: str, overlay: tuple[int, int, int], share: float, mode: int) -> str:
    return under(token(name)[mode], overlay, share)


def under(color: str, overlay: tuple[int, int, int], share: float) -> str:
    """The colour with another over it, so much of which counts."""
    channels = (int(color[start : start + 2], 16) for start in (1, 3, 5))
    mixed = (round(a * (1 - share) + b * share) for a, b in zip(channels, overlay, strict=True))
    return "#{:02x}{:02x}{:02x}".format(*mixed)


#: `--surface-hover`, which lies over surfaces: quotes, code, what the pointer is on.
HOVER = (((36, 33, 29), 0.05), ((239, 235, 227), 0.06))
SURFACES = [
    [
        shade
        for name in ("canvas", "surface", "surface-side", "field")
        for shade in (token(name)[mode], below(name, *HOVER[mode], mode))
    ]
    for mode in (0, 1)
]


def test_the_grid_is_wide_enough() -> None:
    assert len(GRID) >= 1000
    assert {"#000000", "#fcfcfc"} <= set(GRID)


@pytest.mark.parametrize("mode", [0, 1], ids=["light", "dark"])
@pytest.mark.slow
def test_every_accent_can_be_read(mode: int) -> None:
    """Text in the accent on every surface, text on the accent, on own messages, on code there."""
    text, muted = (luminance(token(name)[mode]) for name in ("text", "text-muted"))
    surfaces = [luminance(surface) for surface in SURFACES[mode]]
    for color in [*GRID, *WILD]:
        made = (accent.light, accent.dark)[mode](color)
        one = {name: luminance(shade) for name, shade in made._asdict().items()}
        own_code = luminance(under(made.own, *HOVER[mode]))
        pairs = [
            *((one["accent"], surface) for surface in surfaces),
            *((one["accent_strong"], surface) for surface in surfaces),
            *((one["on_accent"], one[button]) for button in ("accent", "accent_strong")),
            *((one[words], one["own"]) for words in ("accent", "accent_strong", "on_own")),
            *((one[words], own_code) for words in ("accent", "accent_strong", "on_own")),
            *(
                (words, one["accent_soft"])
                for words in (one["accent"], one["accent_strong"], text, muted)
            ),
            *((words, one["selected"]) for words in (one["accent"], text, muted)),
            *((one["focus"], surface) for surface in surfaces),
        ]
        worst = min(contrast(a, b) for a, b in pairs)
        assert worst >= accent.READABLE, (color, made)


def test_our_own_surfaces_keep_to_what_themes_are_told() -> None:
    assert min(map(luminance, SURFACES[0])) >= accent.LIGHT_FROM
    assert max(map(luminance, SURFACES[1])) <= accent.DARK_UP_TO


def test_a_colour_that_can_be_read_stays_as_it_is() -> None:
    assert accent.light("#3556ad").accent == "#3556ad"
    assert accent.dark("#ffff00").accent == "#ffff00"


def test_a_colour_keeps_its_hue() -> None:
    for color in ("#ff0000", "#00aa00", "#0000ff", "#ff00ff", "#e0b000"):
        hue = accent.oklch(color).hue
        for made in (accent.light(color), accent.dark(color)):
            assert abs(accent.oklch(made.accent).hue - hue) < 0.2, color


def test_the_numbers_are_those_of_their_definitions() -> None:
    assert contrast(luminance("#000000"), luminance("#ffffff")) == pytest.approx(21)
    assert contrast(luminance("#767676"), luminance("#ffffff")) == pytest.approx(4.54, abs=0.01)
    assert accent.oklch("#ff0000") == pytest.approx((0.62796, 0.25768, 0.51), abs=0.001)
    assert accent.oklch("#ffffff").chroma == pytest.approx(0, abs=1e-6)
    for color in (*GRID[::37], *WILD):
        assert accent.to_hex(accent.oklch(color)) == color


def test_css_is_one_rule_of_colours_and_nothing_else() -> None:
    for color in (*GRID[::50], "#ABCDEF"):
        assert re.fullmatch(
            r":root\{(--[a-z-]+:light-dark\(#[0-9a-f]{6},#[0-9a-f]{6}\);?){8}\}", accent.css(color)
        )
    assert len(accent.css("#3556ad")) < 420


@pytest.mark.parametrize(
    "foreign",
    [
        *(None, "", "red", "#fff", "#12345", "#1234567", "#12345g", "#123456\n", " #123456"),
        *("#123456;}body{display:none}", "red;}body{background:url(//evil.example)}", "url(//x)"),
        *("expression(alert(1))", "#123456</style><script>", "\"'", ")", "#１２３４５６"),
    ],
)
def test_what_is_no_colour_makes_no_css(foreign: str | None) -> None:
    assert accent.css(foreign) == ""
