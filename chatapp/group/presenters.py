"""JSON of groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypedDict

from chatapp.conversation.person_presenters import PersonJson, avatar_url, person_json
from chatapp.conversation.presence_visibility import Presence
from chatapp.core.clock import iso
from chatapp.models import Conversation, Group, Participant, User


class MemberJson(PersonJson):
    """A member of a group."""

    member_role: str
    joined_at: str


class GroupJson(TypedDict):
    """A group with its members."""

    id: str
    conversation_id: int
    name: str
    description: str | None
    group_picture: str | None
    avatar_url: str | None
    announcements_only: bool
    created_by: str
    members: list[MemberJson]
    created_at: str
    updated_at: str


def member_json(member: Participant, user: User, *, presence: Presence | None) -> MemberJson:
    """Return a member of a group; ``presence`` is None if the viewer may not see it."""
    return {
        **person_json(user, presence=presence),
        "member_role": member.member_role,
        "joined_at": iso(member.joined_at),
    }


def group_json(
    group: Group,
    conversation: Conversation,
    members: Sequence[tuple[Participant, User]],
    *,
    presence: Mapping[str, Presence],
) -> GroupJson:
    """Return a group with its members, in the order in which they joined."""
    return {
        "id": group.id,
        "conversation_id": conversation.id,
        "name": conversation.name or "",
        "description": group.description,
        "group_picture": group.group_picture,
        "avatar_url": avatar_url(group),
        "announcements_only": conversation.announcements_only,
        "created_by": group.created_by,
        "members": [
            member_json(member, user, presence=presence.get(user.id)) for member, user in members
        ],
        "created_at": iso(group.created_at),
        "updated_at": iso(max(group.updated_at, conversation.updated_at)),
    }
