"""What comes in for groups."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field

from chatapp.validation import BlankIsNone, Name, Uuid, cleaned, is_web_address


def _address(text: str) -> str:
    if not is_web_address(text):
        raise ValueError("A picture is an http(s) address")
    return text


def _a_name(name: str | None) -> str:
    if name is None:  # given as null: defaults aren't validated
        raise ValueError("A group keeps a name: leave it out, or give another")
    return name


Description = Annotated[str, BeforeValidator(cleaned), Field(max_length=2000)]
Picture = Annotated[str, AfterValidator(_address), Field(max_length=2000)]
People = Annotated[list[Uuid], Field(max_length=1000)]


class NewGroup(BaseModel):
    """A group to make; its maker is a member anyway."""

    name: Name
    description: Annotated[Description | None, BlankIsNone] = None
    group_picture: Annotated[Picture | None, BlankIsNone] = None
    members: People = []


class GroupPatch(BaseModel):
    """What changes about a group; what isn't given stays, null clears what may be empty."""

    name: Annotated[Name | None, AfterValidator(_a_name)] = None
    description: Annotated[Description | None, BlankIsNone] = None
    group_picture: Annotated[Picture | None, BlankIsNone] = None


class NewMembers(BaseModel):
    """People to add."""

    user_ids: Annotated[People, Field(min_length=1)]


class Role(BaseModel):
    """A member's role."""

    member_role: Literal["owner", "admin", "member"]
