"""Read settings from variables, and describe what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Setting:
    """One variable. `default` is written as in `.env`, and empty where there is none."""

    name: str
    parse: Callable[[str], Any]
    allowed: str
    default: str
    help: str
    secret: bool = False


class SettingsError(ValueError):
    """One or more settings are wrong; the text names each, its value and what is allowed."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        head = "1 setting is wrong" if count == 1 else f"{count} settings are wrong"
        super().__init__("\n".join([f"chatapp can't start: {head}.", *self.problems]))


def parse(
    settings: Iterable[Setting], environ: Mapping[str, str]
) -> tuple[dict[str, Any], list[str]]:
    """Return the value of each setting, and a description of each that is wrong."""
    values: dict[str, Any] = {}
    problems = []
    for setting in settings:
        text = environ.get(setting.name, "").strip() or setting.default
        values[setting.name] = None
        if text:
            try:
                values[setting.name] = setting.parse(text)
            except ValueError as exc:
                problems.append(describe_wrong(setting, text, str(exc)))
    return values, problems


def describe_wrong(setting: Setting, text: str, reason: str) -> str:
    """Describe a wrong value to an operator, without showing a secret."""
    if setting.secret:
        shown = f"({len(text)} characters, not shown)"
    else:
        shown = _printable(masked(text) if setting.name.endswith("_URL") else text)
    line = f"  {setting.name}={shown}"
    if reason:
        line += f"\n      wrong:   {reason}"
    return f"{line}\n      allowed: {setting.allowed}"


def describe_missing(setting: Setting) -> str:
    """Describe to an operator what a missing setting may be."""
    return f"  {setting.name} is missing\n      allowed: {setting.allowed}"


def masked(address: str) -> str:
    """Return the address without what may be secret: user, password and parameters."""
    before, at, rest = address.rpartition("@")
    scheme, slashes, _ = before.partition("://")
    return (f"{scheme}{slashes}***@" if slashes else "***@" if at else "") + rest.partition("?")[0]


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text[:200])
