"""Input for sign-in with an OpenID provider."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field

from chatapp.auth.fields import Email
from chatapp.core.validation import Uuid, clean
from chatapp.text.visible_text import MAX_INPUT_LENGTH, visible_line

MAX_NAME_LENGTH, MAX_PICTURE_URL_LENGTH = 80, 2000
#: No user name before the host, and nothing that could end an attribute or a `url()`.
_PICTURE_URL = re.compile(r"https://[a-z0-9.-]+(:[0-9]+)?(/[!#-&*-;=?-Z_a-z~]*)?", re.IGNORECASE)


def _parse_email_verified(value: object) -> bool:
    """Accept the text "true" too: some providers send it."""
    return value is True or value == "true"


def _picture_url_or_none(value: object) -> str | None:
    """Return an https URL; drop anything else."""
    text = value if isinstance(value, str) else ""
    usable = len(text) <= MAX_PICTURE_URL_LENGTH and _PICTURE_URL.fullmatch(text)
    return text if usable else None


def _name_or_none(value: object) -> str | None:
    """Cut the provider's name to what a profile may hold."""
    text = value if isinstance(value, str) else ""
    if any("\ud800" <= character <= "\udfff" for character in text):
        return None
    return visible_line(clean(text[:MAX_INPUT_LENGTH]))[:MAX_NAME_LENGTH].strip() or None


def _check_subject(text: str) -> str:
    if not text.isascii() or not text.isprintable():
        raise ValueError("A subject is printable ASCII")
    return text


class OpenIdClaims(BaseModel):
    """A provider's claims about a person. An unusable name or picture is dropped."""

    subject: Annotated[
        str, Field(alias="sub", min_length=1, max_length=255), AfterValidator(_check_subject)
    ]
    email: Email | None = None
    email_verified: Annotated[bool, BeforeValidator(_parse_email_verified)] = False
    name: Annotated[str | None, BeforeValidator(_name_or_none)] = None
    picture: Annotated[str | None, BeforeValidator(_picture_url_or_none)] = None


class DisconnectForm(BaseModel):
    """The linked account to disconnect."""

    id: Uuid
