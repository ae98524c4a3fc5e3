"""Input that is not as it should be."""

from __future__ import annotations

from typing import Any

MISSING = object()


def _without_presence(conversation: dict[str, Any]) -> dict[str, Any]:
    """The test's own sockets bring people online and offline."""
    for participant in conversation["participants"]:
        del participant["online"], participant["last_seen"]
    return conversation


def body_with(base: dict[str, Any], field: str, value: Any) -> dict[str, Any]:
    return {name: v for name, v in {**base, field: value}.items() if v is not MISSING}
