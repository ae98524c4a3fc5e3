"""Input for profiles, privacy and contacts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, Field, model_validator

from chatapp.auth.fields import Username
from chatapp.core.errors import Forbidden
from chatapp.core.paging import PageQuery
from chatapp.core.validation import BlankIsNone, Description, Line, Name, Uuid, WebAddress
from chatapp.media.schemas import PictureAddress
from chatapp.web.accent import is_color

T = TypeVar("T")

#: Only an administrator changes these, and with another call.
_ADMIN_FIELDS = ("is_active", "is_staff", "is_superuser")
_PHONE = re.compile(r"[0-9 +()-]{3,40}")
_THEME = re.compile(r"[a-z0-9_-]{1,40}")


def _refuse_null(value: T | None) -> T:
    if value is None:  # null in the input; a default isn't validated
        raise ValueError("This can't be empty. Leave it out or enter a value")
    return value


def _check_color(text: str) -> str:
    if not is_color(text):
        raise ValueError("Enter a colour as # and six hexadecimal digits, such as #0a7c66")
    return text.lower()


def _check_phone(text: str) -> str:
    if not _PHONE.fullmatch(text) or not any(map(str.isdigit, text)):
        raise ValueError("A phone number has 3 to 40 digits, spaces, +, - and brackets")
    return text


def _check_theme(text: str) -> str:
    if not _THEME.fullmatch(text):
        raise ValueError("Theme names have 1 to 40 characters: a-z, 0-9, _ and -")
    return text


#: May be left out, but not set to null.
NotNull = AfterValidator(_refuse_null)


class ProfilePatch(BaseModel):
    """Changes to the caller's own profile. A missing field stays; null clears an optional one.

    Raises Forbidden if a field is given that only an administrator may change.
    """

    name: Annotated[Name | None, NotNull] = None
    username: Annotated[Username | None, NotNull] = None
    description: Annotated[Description | None, BlankIsNone] = None
    resume_link: Annotated[WebAddress | None, BlankIsNone] = None
    role: Annotated[Annotated[Line, Field(max_length=80)] | None, BlankIsNone] = None
    profile_picture: Annotated[PictureAddress | None, BlankIsNone] = None
    phone_number: Annotated[Annotated[Line, AfterValidator(_check_phone)] | None, BlankIsNone] = (
        None
    )
    theme_mode: Annotated[Literal["light", "dark", "system"] | None, NotNull] = None
    theme_color: Annotated[Annotated[str, AfterValidator(_check_color)] | None, BlankIsNone] = None
    background_image: Annotated[PictureAddress | None, BlankIsNone] = None
    theme: Annotated[Annotated[str, AfterValidator(_check_theme)] | None, BlankIsNone] = None
    enter_sends: Annotated[bool | None, NotNull] = None
    hide_last_seen: Annotated[bool | None, NotNull] = None
    hide_read_receipts: Annotated[bool | None, NotNull] = None
    notify: Annotated[Literal["all", "mentions", "none"] | None, NotNull] = None

    @model_validator(mode="before")
    @classmethod
    def _refuse_admin_fields(cls, data: Any) -> Any:
        given = (
            [name for name in _ADMIN_FIELDS if name in data] if isinstance(data, Mapping) else []
        )
        if given:
            raise Forbidden(f"Only an administrator can change {', '.join(given)}. Leave it out.")
        return data

    def changes(self) -> dict[str, Any]:
        """Return the fields that were given, by name."""
        return self.model_dump(exclude_unset=True)


class PrivacyForm(BaseModel):
    """The privacy settings as a form sends them: an unchecked box is missing."""

    hide_last_seen: bool = False
    hide_read_receipts: bool = False


class NewContact(BaseModel):
    """The person to add as a contact."""

    user_id: Uuid


class DirectoryQuery(PageQuery):
    """A page of people whose name or username contains ``q``."""

    q: Annotated[Line, Field(max_length=100)] = ""
