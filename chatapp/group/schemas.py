"""What comes in for groups."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field

from chatapp.pictures.schemas import PictureAddress
from chatapp.validation import BlankIsNone, Description, Name, Uuid


def _a_name(name: str | None) -> str:
    if name is None:  # given as null: defaults aren't validated
        raise ValueError("A group keeps a name: leave it out, or give another")
    return name


def _a_choice(choice: bool | None) -> bool:
    if choice is None:
        raise ValueError("Say true or false, or leave it out")
    return choice


People = Annotated[list[Uuid], Field(max_length=1000)]


class NewGroup(BaseModel):
    """A group to make; its maker is a member anyway."""

    name: Name
    description: Annotated[Description | None, BlankIsNone] = None
    group_picture: Annotated[PictureAddress | None, BlankIsNone] = None
    members: People = []


class GroupPatch(BaseModel):
    """What changes about a group; what isn't given stays, null clears what may be empty."""

    name: Annotated[Name | None, AfterValidator(_a_name)] = None
    description: Annotated[Description | None, BlankIsNone] = None
    group_picture: Annotated[PictureAddress | None, BlankIsNone] = None
    announcements_only: Annotated[bool | None, AfterValidator(_a_choice)] = None


class NewMembers(BaseModel):
    """People to add."""

    user_ids: Annotated[People, Field(min_length=1)]


class Role(BaseModel):
    """A member's role."""

    member_role: Literal["owner", "admin", "member"]
