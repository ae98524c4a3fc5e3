"""Pages of lists; a cursor (`cursors`) leads to the next one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, Field

from chatapp.core.cursors import encode_cursor

T = TypeVar("T")
U = TypeVar("U")

DEFAULT_PAGE_SIZE = 50
MAX_PAGE_SIZE = 200


def limit_up_to(maximum: int) -> Any:
    """Return the type of a page size: at least 1, and capped at ``maximum``."""
    return Annotated[int, Field(ge=1), AfterValidator(lambda limit: min(limit, maximum))]


class PageQuery(BaseModel):
    """The query parameters of a list: page size and cursor."""

    limit: limit_up_to(MAX_PAGE_SIZE) = DEFAULT_PAGE_SIZE  # type: ignore[valid-type]
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some items, and the cursor of the next page (None at the end)."""

    items: list[T]
    next_cursor: str | None


def make_page(rows: Sequence[T], limit: int, key: Callable[[T], Sequence[Any]]) -> Page[T]:
    """Return a page of at most ``limit`` rows; read one row more than that to pass here."""
    shown = list(rows[:limit])
    more = len(rows) > limit
    return Page(shown, encode_cursor(key(shown[-1])) if more else None)


def all_items(page: Callable[[str | None], Page[T]]) -> list[T]:
    """Return all items of a list by requesting page after page."""
    found: list[T] = []
    cursor = None
    while True:
        part = page(cursor)
        found += part.items
        cursor = part.next_cursor
        if cursor is None:
            return found
