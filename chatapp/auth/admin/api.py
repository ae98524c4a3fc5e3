"""REST calls for administrators."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from chatapp.auth import bp, invitations
from chatapp.auth.admin import accounts
from chatapp.auth.admin.presenters import invitation_json
from chatapp.auth.admin.schemas import AccountChange
from chatapp.auth.presenters import account_json
from chatapp.auth.schemas import NewInvitation
from chatapp.security.identity import administrator
from chatapp.security.view_policy import policy
from chatapp.web.request_input import read_json


@bp.patch("/api/users/<uuid:user_id>")
@policy(personal=True)
def change_account(user_id: UUID) -> Any:
    """Change another person's state or role; return the account."""
    me = administrator()
    account = accounts.change_account(me.id, str(user_id), read_json(AccountChange))
    return dict(account_json(account))


@bp.get("/api/invitations")
@policy(personal=True)
def list_invitations() -> Any:
    """List the valid invitations, newest first."""
    administrator()
    items = [invitation_json(*row) for row in invitations.list_invitations()]
    return {"items": items, "next_cursor": None}


@bp.post("/api/invitations")
@policy(personal=True)
def invite() -> Any:
    """Create an invitation; return it with its link, which can't be shown again (201)."""
    me = administrator()
    issued = invitations.create_invitation(me.id, read_json(NewInvitation))
    return {**invitation_json(issued.invitation, me.name), "link": issued.link}, 201


@bp.delete("/api/invitations/<uuid:invitation_id>")
@policy(personal=True)
def revoke_invitation(invitation_id: UUID) -> Any:
    """Make an invitation invalid (204)."""
    invitations.revoke_invitation(administrator().id, str(invitation_id))
    return "", 204
