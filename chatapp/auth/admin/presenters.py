"""Invitations as JSON."""

from __future__ import annotations

from typing import TypedDict

from chatapp.core.clock import iso
from chatapp.models import Invitation


class InvitationJson(TypedDict):
    """An invitation, without its link."""

    id: str
    email: str | None
    uses: int
    most_uses: int
    created_by: str | None
    expires_at: str
    created_at: str


def invitation_json(invitation: Invitation, created_by: str | None) -> InvitationJson:
    """Present an invitation to administrators; ``created_by`` is its creator's name."""
    return {
        "id": invitation.id,
        "email": invitation.email,
        "uses": invitation.uses,
        "most_uses": invitation.most_uses,
        "created_by": created_by,
        "expires_at": iso(invitation.expires_at),
        "created_at": iso(invitation.created_at),
    }
