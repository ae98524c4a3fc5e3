"""What is wrong with each field of an input, in sentences for the person who filled it in."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError


def describe_fields(exc: ValidationError) -> dict[str, str]:
    """Return a sentence for each wrong field, by the field's name."""
    fields: dict[str, str] = {}
    for error in exc.errors(include_url=False):
        name = ".".join(str(part) for part in error["loc"]) or "body"
        bounds = error.get("ctx", {})
        length = _length(error["type"], error["input"], bounds)
        fields.setdefault(name, length or _sentence(error["type"], error["msg"], bounds))
    return fields


def _length(kind: str, value: object, bounds: dict[str, Any]) -> str | None:
    """Describe a wrong length of a text or a list; None for other problems."""
    unit = "characters" if isinstance(value, str) else "items"
    if kind in ("too_short", "string_too_short"):
        least = bounds["min_length"]
        return "This is required." if least == 1 else f"At least {least:,} {unit}, please."
    if kind in ("too_long", "string_too_long"):
        return f"At most {bounds['max_length']:,} {unit}, please."
    return None


def _sentence(kind: str, text: str, bounds: dict[str, Any]) -> str:
    """Turn pydantic's message into a sentence for the person who filled in the field."""
    if kind == "missing":
        return "This is required."
    if kind in ("int_parsing", "int_type", "int_from_float", "int_parsing_size"):
        return "This should be a whole number."
    if kind in ("greater_than_equal", "less_than_equal"):
        least, most = bounds.get("ge"), bounds.get("le")
        return f"At least {least:,}, please." if least is not None else f"At most {most:,}, please."
    text = text.removeprefix("Value error, ")
    text = text.replace("Input should be", "This should be")
    return text if text.endswith(".") else text + "."
