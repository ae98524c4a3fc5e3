"""Input schemas for groups."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field

from chatapp.core.validation import BlankIsNone, Description, Name, Uuid, clean_if_text
from chatapp.media.schemas import PictureAddress


def _not_null_name(name: str | None) -> str:
    if name is None:  # given as null: defaults aren't validated
        raise ValueError("A group needs a name: give one, or leave this out")
    return name


def _not_null_choice(choice: bool | None) -> bool:
    if choice is None:
        raise ValueError("Give true or false, or leave this out")
    return choice


#: The most people in one call.
MAX_PEOPLE = 1000

People = Annotated[list[Uuid], Field(max_length=MAX_PEOPLE)]


class NewGroup(BaseModel):
    """A group to create. Its creator is always a member."""

    name: Name
    description: Annotated[Description | None, BlankIsNone] = None
    group_picture: Annotated[PictureAddress | None, BlankIsNone] = None
    members: People = []


class GroupPatch(BaseModel):
    """Changes to a group: a field that isn't given stays, null clears one that may be empty."""

    name: Annotated[Name | None, AfterValidator(_not_null_name)] = None
    description: Annotated[Description | None, BlankIsNone] = None
    group_picture: Annotated[PictureAddress | None, BlankIsNone] = None
    announcements_only: Annotated[bool | None, AfterValidator(_not_null_choice)] = None


class NewMembers(BaseModel):
    """People to add."""

    user_ids: Annotated[People, Field(min_length=1)]


class Role(BaseModel):
    """A member's role."""

    member_role: Literal["owner", "admin", "member"]


class NewLink(BaseModel):
    """An invite link to create: its lifetime in seconds, and how many people may use it."""

    expires_in: Annotated[Annotated[int, Field(ge=60, le=366 * 86_400)] | None, BlankIsNone] = (
        7 * 86_400
    )
    uses: Annotated[Annotated[int, Field(ge=1, le=10_000)] | None, BlankIsNone] = None


class JoinToken(BaseModel):
    """The token of an invite link."""

    token: Annotated[str, BeforeValidator(clean_if_text), Field(max_length=500)]
