"""What administrators do, over REST."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from chatapp.auth import bp
from chatapp.auth.admin import accounts, invitations
from chatapp.auth.presenters import account_json, invitation_json
from chatapp.auth.schemas import AccountChange, NewInvitation
from chatapp.security.identity import administrator
from chatapp.security.scopes import personal
from chatapp.web.request_input import read_json


@bp.patch("/api/users/<uuid:user_id>")
@personal
def change_account(user_id: UUID) -> Any:
    """200 with somebody else's account, deactivated or not, administrator or not."""
    me = administrator()
    changed = accounts.change(me.id, str(user_id), read_json(AccountChange))
    return dict(account_json(changed))


@bp.get("/api/invitations")
@personal
def list_invitations() -> Any:
    """The invitations that stand, the newest first."""
    administrator()
    items = [invitation_json(one, maker) for one, maker in invitations.standing()]
    return {"items": items, "next_cursor": None}


@bp.post("/api/invitations")
@personal
def invite() -> Any:
    """201 with the invitation and, this once, its link."""
    me = administrator()
    issued = invitations.invite(me.id, read_json(NewInvitation))
    return {**invitation_json(issued.invitation, me.name), "link": issued.link}, 201


@bp.delete("/api/invitations/<uuid:invitation_id>")
@personal
def revoke_invitation(invitation_id: UUID) -> Any:
    """204; the invitation counts no more."""
    invitations.revoke(administrator().id, str(invitation_id))
    return "", 204
