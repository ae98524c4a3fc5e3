"""What comes in for groups."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field

from chatapp.core.validation import BlankIsNone, Description, Name, Uuid, clean_if_text
from chatapp.media.schemas import PictureAddress


def _a_name(name: str | None) -> str:
    if name is None:  # given as null: defaults aren't validated
        raise ValueError("A group keeps a name: leave it out, or give another")
    return name


def _a_choice(choice: bool | None) -> bool:
    if choice is None:
        raise ValueError("Say true or false, or leave it out")
    return choice


#: People who are named in one call.
MOST_AT_ONCE = 1000

People = Annotated[list[Uuid], Field(max_length=MOST_AT_ONCE)]


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


class NewLink(BaseModel):
    """A link to make: for how long it counts, in seconds, and how many may join by it."""

    expires_in: Annotated[Annotated[int, Field(ge=60, le=366 * 86_400)] | None, BlankIsNone] = (
        7 * 86_400
    )
    uses: Annotated[Annotated[int, Field(ge=1, le=10_000)] | None, BlankIsNone] = None


class JoinToken(BaseModel):
    """The token of a link."""

    token: Annotated[str, BeforeValidator(clean_if_text), Field(max_length=500)]
