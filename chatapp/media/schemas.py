"""Input schemas for pictures."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field

from chatapp.core.validation import MAX_ADDRESS_LENGTH, safe_address
from chatapp.media.images import Purpose

_OWN = re.compile(r"/pictures/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")


def upload_id(address: str) -> str | None:
    """Return the id in the address of an upload to this server, or None."""
    found = _OWN.fullmatch(address)
    return found[1] if found else None


def _picture(text: str) -> str:
    if upload_id(text):
        return text
    if not text.lower().startswith("https://"):
        raise ValueError("Enter an address that starts with https://, or the address of an upload")
    return safe_address(text)


#: The address of a picture: an https address, or the address of an upload.
PictureAddress = Annotated[str, Field(max_length=MAX_ADDRESS_LENGTH), AfterValidator(_picture)]


class NewPicture(BaseModel):
    """The fields that come with an uploaded file."""

    purpose: Purpose
