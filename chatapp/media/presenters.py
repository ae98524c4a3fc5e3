"""Pictures as JSON."""

from __future__ import annotations

from typing import TypedDict

from chatapp.conversation.person_presenters import picture_path
from chatapp.models import Picture


class PictureJson(TypedDict):
    """An upload, as shown to the person who made it."""

    id: str
    url: str
    purpose: str
    width: int | None
    height: int | None
    size: int | None
    mime_type: str | None


def picture_json(picture: Picture) -> PictureJson:
    """Return the JSON of a stored picture."""
    return {
        "id": picture.id,
        "url": picture_path(picture.id),
        "purpose": picture.purpose,
        "width": picture.width,
        "height": picture.height,
        "size": picture.size,
        "mime_type": picture.mime_type,
    }
