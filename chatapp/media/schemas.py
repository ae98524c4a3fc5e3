"""What comes in for pictures."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field

from chatapp.core.validation import ADDRESS_MOST, shown_address
from chatapp.media.images import Purpose

_OWN = re.compile(r"/pictures/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")


def kept_id(address: str) -> str | None:
    """The id of the picture at this address, where it is one of this server's."""
    found = _OWN.fullmatch(address)
    return found[1] if found else None


def _picture(text: str) -> str:
    if kept_id(text):
        return text
    if not text.lower().startswith("https://"):
        raise ValueError("A picture's address begins with https://, or is that of an upload")
    return shown_address(text)


#: What a picture may be given as: an https address, or the address of an upload.
PictureAddress = Annotated[str, Field(max_length=ADDRESS_MOST), AfterValidator(_picture)]


class NewPicture(BaseModel):
    """What beside the file says of an upload."""

    purpose: Purpose
