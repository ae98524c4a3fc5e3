"""Shapes that several dialects share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from chatapp.core.errors import ChatError, ValidationFailed


def url_or_text(message: Mapping[str, Any]) -> str:
    """Return a message's text, or a file's URL, which these dialects send in the same field."""
    media = message["media"]
    return (media["url"] if media else message["content"]) or ""


def error_and_code(error: ChatError) -> dict[str, Any]:
    """Shape an error as `{error, code}`."""
    return {"error": error.message, "code": error.code}


def error_code_and_fields(error: ChatError) -> dict[str, Any]:
    """Shape an error as `{error, code}`, with `fields` where there are any."""
    fields = {"fields": error.fields} if error.fields else {}
    return {**error_and_code(error), **fields}


@contextmanager
def renamed_fields(**names: str) -> Iterator[None]:
    """Report invalid fields under the dialect's names: ``names`` maps colon's names to them."""
    try:
        yield
    except ValidationFailed as error:
        fields = {names.get(name, name): problem for name, problem in error.fields.items()}
        raise ValidationFailed(error.message, fields=fields) from None
