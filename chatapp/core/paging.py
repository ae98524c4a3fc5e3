"""Lists in pages: an opaque cursor holds the sort key of the last item shown."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, Field

from chatapp.core.errors import ValidationFailed

T = TypeVar("T")
U = TypeVar("U")

LIMIT_DEFAULT = 50
LIMIT_MOST = 200


def limit_up_to(most: int) -> Any:
    """A page size: at least 1; above ``most`` it is ``most``."""
    return Annotated[int, Field(ge=1), AfterValidator(lambda limit: min(limit, most))]


class PageQuery(BaseModel):
    """Which page of a list."""

    limit: limit_up_to(LIMIT_MOST) = LIMIT_DEFAULT  # type: ignore[valid-type]
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some items, and the cursor to ask for the next ones with, None at the end."""

    items: list[T]
    next_cursor: str | None


def page_of(rows: Sequence[T], limit: int, key: Callable[[T], Sequence[Any]]) -> Page[T]:
    """The page of at most ``limit`` of ``rows``, which were read one beyond it."""
    shown = list(rows[:limit])
    more = len(rows) > limit
    return Page(shown, encode_cursor(key(shown[-1])) if more else None)


def every(page: Callable[[str | None], Page[T]]) -> list[T]:
    """All items of a list, by its ``page`` after each cursor."""
    found: list[T] = []
    cursor = None
    while True:
        some = page(cursor)
        found += some.items
        cursor = some.next_cursor
        if cursor is None:
            return found


def encode_cursor(key: Sequence[Any]) -> str:
    """``key`` (strings and numbers) as text that is safe in an address."""
    text = json.dumps(list(key), separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(cursor: str | None, *types: Callable[[Any], Any]) -> list[Any] | None:
    """The key in ``cursor``, each part through its type; None for no cursor.

    Raises ValidationFailed for what this server never gave out.
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
