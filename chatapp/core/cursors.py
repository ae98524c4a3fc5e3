"""Opaque cursors of lists: the sort key of the last item shown, as text for a URL."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import Any

from chatapp.core.errors import ValidationFailed


def encode_cursor(key: Sequence[Any]) -> str:
    """Encode ``key`` (strings and numbers) as text that is safe in a URL."""
    text = json.dumps(list(key), separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(cursor: str | None, *types: Callable[[Any], Any]) -> list[Any] | None:
    """Decode ``cursor`` and convert each part to its type; None for no cursor.

    Raises ValidationFailed for a cursor that this list never returned.
    """
    if not cursor:
        return None
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        parts = json.loads(raw)
        if not isinstance(parts, list) or len(parts) != len(types):
            raise ValueError("another list's cursor")
        return [convert(part) for convert, part in zip(types, parts, strict=True)]
    except (ValueError, TypeError, binascii.Error, RecursionError, OverflowError):
        raise ValidationFailed(fields={"cursor": "This isn't a cursor of this list."}) from None
