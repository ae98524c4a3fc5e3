"""JSON of people and pictures, in the colon dialect."""

from __future__ import annotations

from typing import TypedDict

from chatapp.conversation.presence_visibility import Presence
from chatapp.core.clock import iso
from chatapp.models import Group, User


class PersonJson(TypedDict):
    """A person's public profile."""

    id: str
    username: str
    name: str
    description: str | None
    resume_link: str | None
    role: str | None
    profile_picture: str | None
    avatar_url: str | None
    online: bool | None
    last_seen: str | None


def picture_path(picture_id: str) -> str:
    """Return the address of a stored picture."""
    return f"/pictures/{picture_id}"


def avatar_url(holder: User | Group | None) -> str | None:
    """Return the address of the stored picture of a person or group, None without one."""
    return picture_path(holder.picture_id) if holder and holder.picture_id else None


def person_json(user: User, *, presence: Presence | None = None) -> PersonJson:
    """Return a public profile; leave ``presence`` out if the viewer may not see it."""
    return {
        "id": user.id,
        "username": user.username,
        "name": user.name,
        "description": user.description,
        "resume_link": user.resume_link,
        "role": user.role,
        "profile_picture": user.profile_picture,
        "avatar_url": avatar_url(user),
        "online": None if presence is None else presence.online,
        "last_seen": None if presence is None else iso(presence.last_seen(user)),
    }
