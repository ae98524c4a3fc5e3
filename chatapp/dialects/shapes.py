"""What several dialects shape alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def address_or_text(message: Mapping[str, Any]) -> str:
    """A message's text; of a file its address, which these dialects have in its place."""
    media = message["media"]
    return (media["url"] if media else message["content"]) or ""


def clock_seconds(moment: Any) -> int:
    """A moment as Unix seconds."""
    return int(moment.timestamp())
