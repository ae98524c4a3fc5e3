"""Field types and parsing for input; every door validates with the same models.

JSON bodies and socket payloads are read strictly (a number is a number), forms and query strings
leniently (everything there is text). Unknown fields are ignored.
"""

from __future__ import annotations

import unicodedata
from typing import Annotated, Any, TypeVar
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field

from chatapp.core.db import MAX_ID
from chatapp.core.errors import BadRequest
from chatapp.text.visible_text import MAX_TEXT_LENGTH, nfc, visible_line, visible_lines

M = TypeVar("M", bound=BaseModel)

#: In characters.
MAX_ADDRESS_LENGTH = 2000


def clean(text: str) -> str:
    """Normalise ``text`` to NFC and drop NUL, which PostgreSQL can't store.

    Raises ValueError for half a surrogate pair, which can't be encoded.
    """
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("This contains half a character")
    return nfc(text.replace("\0", ""))


def clean_if_text(value: object) -> object:
    """Clean text before its type is checked; leave other values to the type check."""
    return clean(value) if isinstance(value, str) else value


def is_web_address(text: str) -> bool:
    """Check whether this is an http(s) address with a host."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def safe_address(text: str) -> str:
    """Return an address that is safe in a page: as a link, in a style, in quotes.

    Raises ValueError for any other, with a message that says what to do.
    """
    if not is_web_address(text) or any(map(_is_unsafe_in_address, text)):
        raise ValueError("Enter an address such as https://example.org/page")
    parts = urlsplit(text)
    if "@" in parts.netloc:
        raise ValueError("Leave out the name before the host: https://example.org/page")
    if parts.port == 0:  # reading an invalid port raises ValueError too
        raise ValueError("This port doesn't exist")
    return text


def _is_unsafe_in_address(character: str) -> bool:
    """Check for controls, spaces, and characters that could end an attribute or a `url()`."""
    return character in "\"'`\\)<>" or unicodedata.category(character)[0] in "CZ"


def _message_text(text: str) -> str:
    text = clean(text)
    if not text.strip():
        raise ValueError("Write something first")
    if len(text) > MAX_TEXT_LENGTH:
        raise ValueError(
            f"A message has at most {MAX_TEXT_LENGTH:,} characters; this has {len(text):,}"
        )
    return text


def parse_uuid(text: str) -> str:
    """Return an id as it is stored. Raises ValueError if it isn't one."""
    try:
        return str(UUID(text))
    except (ValueError, TypeError, AttributeError):  # the last two if it isn't text
        raise ValueError("This isn't an id") from None


def is_uuid(text: str) -> bool:
    """Check whether this can be the id of a person, a group or a message."""
    try:
        parse_uuid(text)
    except ValueError:
        return False
    return True


def _name(text: str) -> str:
    name = visible_line(text)
    if not name and text.strip():
        raise ValueError("This would be invisible. Use at least one letter, digit or emoji")
    if not name:
        raise ValueError("This is required")
    return name


def _blank_is_none(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


Uuid = Annotated[str, AfterValidator(parse_uuid)]
ConversationId = Annotated[int, Field(ge=1, le=MAX_ID)]
#: Larger numbers aren't exact in JavaScript.
MAX_SEQ = 2**53
Seq = Annotated[int, Field(ge=0, le=MAX_SEQ)]
ClientId = Annotated[str, BeforeValidator(clean_if_text), Field(min_length=1, max_length=64)]
MessageText = Annotated[str, AfterValidator(_message_text)]
#: One line without invisible characters (`visible_text`), possibly empty. Add a maximum length.
Line = Annotated[str, BeforeValidator(clean_if_text), AfterValidator(visible_line)]
#: The same with any number of lines.
Description = Annotated[
    str, BeforeValidator(clean_if_text), AfterValidator(visible_lines), Field(max_length=2000)
]
#: An address that pages show or link to.
WebAddress = Annotated[str, Field(max_length=MAX_ADDRESS_LENGTH), AfterValidator(safe_address)]
#: The name of a person or a group.
Name = Annotated[str, BeforeValidator(clean_if_text), AfterValidator(_name), Field(max_length=80)]
#: An empty form field means "not given".
BlankIsNone = BeforeValidator(_blank_is_none)


def read_event(model: type[M], args: tuple[Any, ...]) -> M:
    """Validate a socket event's payload, its only argument; no argument counts as empty."""
    data = args[0] if args else {}
    if not isinstance(data, dict):
        raise BadRequest("The payload must be an object.")
    return model.model_validate(data, strict=True)
