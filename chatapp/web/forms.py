"""What a form shows: what was typed, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from flask import request

from chatapp.core.errors import ChatError


@dataclass(slots=True)
class Form:
    """Values by field name, a sentence for each wrong field, and one for the whole."""

    values: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    error: str | None = None


def waiting(error: ChatError) -> dict[str, str]:
    """The headers that tell when to come again, where it is too early."""
    return {} if error.retry_after is None else {"Retry-After": str(error.retry_after)}


def refused(error: ChatError, *, secret: Iterable[str] = ()) -> Form:
    """The posted form once more, with what was wrong; ``secret`` fields are empty again."""
    hidden = {"csrf_token", *secret}
    values = {name: value for name, value in request.form.items() if name not in hidden}
    return Form(values, error.fields, None if error.fields else error.message)
