"""Profiles, contacts and blocks as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import NotRequired, TypedDict, cast

from chatapp.conversation.person_presenters import PersonJson, person_json
from chatapp.conversation.presence_visibility import Presence
from chatapp.core.clock import iso
from chatapp.models import User


class ProfileJson(PersonJson):
    """A person; private fields only for themself and for administrators."""

    email: NotRequired[str | None]
    phone_number: NotRequired[str | None]
    is_active: NotRequired[bool]
    is_staff: NotRequired[bool]
    is_superuser: NotRequired[bool]


class RelationshipJson(TypedDict):
    """A contact or a blocked person, and since when."""

    user: ProfileJson
    created_at: str


def profile_json(user: User, viewer: User, *, online: Presence | None) -> ProfileJson:
    """Present a person to the viewer; private fields only for themself and administrators."""
    profile = cast(ProfileJson, person_json(user, presence=online))
    if user.id == viewer.id or viewer.is_staff:
        profile.update(
            {
                "email": user.email,
                "phone_number": user.phone_number,
                "is_active": user.is_active,
                "is_staff": user.is_staff,
                "is_superuser": user.is_superuser,
            }
        )
    return profile


def relationship_json(profile: ProfileJson, since: datetime) -> RelationshipJson:
    """Present a contact or a blocked person."""
    return {"user": profile, "created_at": iso(since)}
