"""From what came over the wire to a validated model; the same models for every door.

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
from chatapp.text.visible_text import TEXT_LIMIT, nfc, visible_line, visible_lines

M = TypeVar("M", bound=BaseModel)

#: The longest address, in characters.
ADDRESS_MOST = 2000


def clean(text: str) -> str:
    """``text`` in NFC and without NUL, which PostgreSQL can't store.

    Raises ValueError for half a surrogate pair, which is no character and fits no encoding.
    """
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("This holds half a character")
    return nfc(text.replace("\0", ""))


def cleaned(value: object) -> object:
    """`clean` before a type is checked; what isn't text is the type's to refuse."""
    return clean(value) if isinstance(value, str) else value


def is_web_address(text: str) -> bool:
    """Whether this is an http(s) address with a host."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def shown_address(text: str) -> str:
    """``text``, an address that may stand in a page: as a link, in a style, in quotes.

    Raises ValueError for another, with what to do.
    """
    if not is_web_address(text) or any(map(_ends_an_address, text)):
        raise ValueError("An address looks like https://example.org/page")
    parts = urlsplit(text)
    if "@" in parts.netloc:
        raise ValueError("Leave the name before the host out: https://example.org/page")
    if parts.port == 0:  # reading it raises for what is no port at all
        raise ValueError("This port doesn't exist")
    return text


def _ends_an_address(character: str) -> bool:
    """Whether it is a control, a space, or could end an attribute or a `url()`."""
    return character in "\"'`\\)<>" or unicodedata.category(character)[0] in "CZ"


def _message_text(text: str) -> str:
    text = clean(text)
    if not text.strip():
        raise ValueError("Write something first")
    if len(text) > TEXT_LIMIT:
        raise ValueError(f"A message has at most {TEXT_LIMIT:,} characters; this has {len(text):,}")
    return text


def uuid_of(text: str) -> str:
    """The id that this is, as it is stored. Raises ValueError for what isn't one."""
    try:
        return str(UUID(text))
    except (ValueError, TypeError, AttributeError):  # the last two where it isn't even text
        raise ValueError("This isn't an id") from None


def is_uuid(text: str) -> bool:
    """Whether this can be the id of a person, a group or a message."""
    try:
        uuid_of(text)
    except ValueError:
        return False
    return True


def _name(text: str) -> str:
    name = visible_line(text)
    if not name and text.strip():
        raise ValueError("Nothing of this can be seen: write a letter, a digit or an emoji")
    if not name:
        raise ValueError("This is needed")
    return name


def _blank_is_none(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


Uuid = Annotated[str, AfterValidator(uuid_of)]
ConversationId = Annotated[int, Field(ge=1, le=MAX_ID)]
#: Beyond it a number is no longer exact in JavaScript.
MOST_SEQ = 2**53
Seq = Annotated[int, Field(ge=0, le=MOST_SEQ)]
ClientId = Annotated[str, BeforeValidator(cleaned), Field(min_length=1, max_length=64)]
MessageText = Annotated[str, AfterValidator(_message_text)]
#: One line of what can be seen (`visible_text`), perhaps none. Put a length beside it.
Line = Annotated[str, BeforeValidator(cleaned), AfterValidator(visible_line)]
#: The same, of any number of lines.
Description = Annotated[
    str, BeforeValidator(cleaned), AfterValidator(visible_lines), Field(max_length=2000)
]
#: An address that pages show or lead to.
WebAddress = Annotated[str, Field(max_length=ADDRESS_MOST), AfterValidator(shown_address)]
#: What people and groups are called.
Name = Annotated[str, BeforeValidator(cleaned), AfterValidator(_name), Field(max_length=80)]
#: An empty form field means "not given".
BlankIsNone = BeforeValidator(_blank_is_none)


def read_event(model: type[M], args: tuple[Any, ...]) -> M:
    """A socket event's payload, its one argument, as ``model``; none is an empty one."""
    data = args[0] if args else {}
    if not isinstance(data, dict):
        raise BadRequest("The payload has to be an object.")
    return model.model_validate(data, strict=True)
