"""What several dialects shape alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from chatapp.core.errors import ChatError, ValidationFailed


def address_or_text(message: Mapping[str, Any]) -> str:
    """A message's text; of a file its address, which these dialects have in its place."""
    media = message["media"]
    return (media["url"] if media else message["content"]) or ""


def words_and_code(error: ChatError) -> dict[str, Any]:
    """`{error, code}`."""
    return {"error": error.message, "code": error.code}


def words_code_and_fields(error: ChatError) -> dict[str, Any]:
    """`{error, code}`, and `fields` where there are any."""
    fields = {"fields": error.fields} if error.fields else {}
    return {**words_and_code(error), **fields}


@contextmanager
def fields_named(**names: str) -> Iterator[None]:
    """What is wrong with colon's fields stands under the dialect's names of them."""
    try:
        yield
    except ValidationFailed as error:
        fields = {names.get(name, name): words for name, words in error.fields.items()}
        raise ValidationFailed(error.message, fields=fields) from None
