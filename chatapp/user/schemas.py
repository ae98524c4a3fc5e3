"""What comes in for people."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, Field, model_validator

from chatapp.auth.schemas import Username
from chatapp.core.errors import Forbidden
from chatapp.core.paging import PageQuery
from chatapp.core.validation import BlankIsNone, Description, Line, Name, Uuid, WebAddress, clean
from chatapp.media.schemas import PictureAddress
from chatapp.web.accent import is_color

T = TypeVar("T")

#: What only an administrator sets, by another call.
RIGHTS = ("is_active", "is_staff", "is_superuser")
_PHONE = re.compile(r"[0-9 +()-]{3,40}")
_THEME = re.compile(r"[a-z0-9_-]{1,40}")


def _kept(value: T | None) -> T:
    if value is None:  # given as null: defaults aren't validated
        raise ValueError("This can't be empty: leave it out, or give another")
    return value


def _colour(text: str) -> str:
    if not is_color(text):
        raise ValueError("A colour is # and six of 0-9 and a-f, such as #0a7c66")
    return text.lower()


def _phone(text: str) -> str:
    if not _PHONE.fullmatch(text) or not any(map(str.isdigit, text)):
        raise ValueError("A phone number has 3 to 40 digits, spaces, +, - and brackets")
    return text


def _theme(text: str) -> str:
    if not _THEME.fullmatch(text):
        raise ValueError("This isn't a theme's name")
    return text


#: May be left out, but not be emptied.
Kept = AfterValidator(_kept)


class ProfilePatch(BaseModel):
    """What changes about oneself; what isn't given stays, null clears what may be empty.

    Naming a right is refused as a whole: Forbidden.
    """

    name: Annotated[Name | None, Kept] = None
    username: Annotated[Username | None, Kept] = None
    description: Annotated[Description | None, BlankIsNone] = None
    resume_link: Annotated[WebAddress | None, BlankIsNone] = None
    role: Annotated[Annotated[Line, Field(max_length=80)] | None, BlankIsNone] = None
    profile_picture: Annotated[PictureAddress | None, BlankIsNone] = None
    phone_number: Annotated[Annotated[Line, AfterValidator(_phone)] | None, BlankIsNone] = None
    theme_mode: Annotated[Literal["light", "dark", "system"] | None, Kept] = None
    theme_color: Annotated[Annotated[str, AfterValidator(_colour)] | None, BlankIsNone] = None
    background_image: Annotated[PictureAddress | None, BlankIsNone] = None
    theme: Annotated[Annotated[str, AfterValidator(_theme)] | None, BlankIsNone] = None
    enter_sends: Annotated[bool | None, Kept] = None
    hide_last_seen: Annotated[bool | None, Kept] = None
    hide_read_receipts: Annotated[bool | None, Kept] = None
    notify: Annotated[Literal["all", "mentions", "none"] | None, Kept] = None

    @model_validator(mode="before")
    @classmethod
    def _no_rights(cls, data: Any) -> Any:
        named = [name for name in RIGHTS if name in data] if isinstance(data, Mapping) else []
        if named:
            raise Forbidden(f"Only an administrator changes {', '.join(named)}. Leave it out.")
        return data

    def given(self) -> dict[str, Any]:
        """The fields that were given, by name."""
        return self.model_dump(exclude_unset=True)


class Hidden(BaseModel):
    """What one hides of oneself, as a form says it: what isn't ticked isn't hidden."""

    hide_last_seen: bool = False
    hide_read_receipts: bool = False


class Farewell(BaseModel):
    """One's password, to prove that it is oneself who leaves; none where the account has none."""

    password: Annotated[
        Annotated[str, AfterValidator(clean), Field(max_length=1024)] | None, BlankIsNone
    ] = None


class NewContact(BaseModel):
    """Whom to have among one's contacts."""

    user_id: Uuid


class DirectoryQuery(PageQuery):
    """A page of the directory, of those whose name or username contains ``q``."""

    q: Annotated[Line, Field(max_length=100)] = ""
