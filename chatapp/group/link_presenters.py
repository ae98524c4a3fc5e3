"""Invite links as JSON."""

from __future__ import annotations

from typing import TypedDict

from chatapp.core.clock import iso
from chatapp.models import GroupLink


class GroupLinkJson(TypedDict):
    """An invite link, as a group's owners and admins see it."""

    id: str
    link: str
    token: str
    uses: int
    most_uses: int | None
    expires_at: str | None
    created_by: str
    created_at: str


def group_link_json(link: GroupLink, address: str, token: str) -> GroupLinkJson:
    """Return an invite link with its address."""
    return {
        "id": link.id,
        "link": address,
        "token": token,
        "uses": link.uses,
        "most_uses": link.most_uses,
        "expires_at": iso(link.expires_at),
        "created_by": link.created_by,
        "created_at": iso(link.created_at),
    }
