"""Invitations, and whether a person may register (the setting REGISTRATION).

An invitation is a link with a token, of which only the hash is stored. It admits a number of people
until it expires or is revoked. If it names an email address, only that address may register. When
two people use the last place at the same moment, one of them gets in. Administrators create them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from urllib.parse import urlencode

from flask import current_app
from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from chatapp.auth.schemas import NewInvitation
from chatapp.core.db import atomic, db, now
from chatapp.core.errors import Forbidden, NotFound, ValidationFailed
from chatapp.models import Invitation, User
from chatapp.security import attempt_limits, attempt_rules, audit
from chatapp.security.opaque_tokens import digest, new_token
from chatapp.security.request_source import Source
from config import Settings

#: Uses up one place of an invitation, in the transaction that creates the account.
Redeem = Callable[[Session], None]

_CLOSED = "New accounts can't be created here. Ask an administrator of this server for one."
_INVITATION_NEEDED = (
    "You need an invitation to register here. Ask an administrator of this server for a link."
)
_INVALID = "This invitation has been used, has expired, or was withdrawn. Ask for a new one."
_WRONG_EMAIL = "This invitation is for another email address. Use the one it was sent to."


@dataclass(frozen=True, slots=True)
class IssuedInvitation:
    """A new invitation and its link, which can't be shown again."""

    invitation: Invitation
    link: str


def find_invitation(token: str | None, source: Source) -> Invitation | None:
    """Return the invitation with this token, or None if registration needs none.

    Raises Forbidden if REGISTRATION doesn't let this person register, RateLimited after many
    wrong tokens.
    """
    mode = _settings().registration
    if mode == "closed":
        raise Forbidden(_CLOSED)
    if not token:
        if mode == "invite":
            raise Forbidden(_INVITATION_NEEDED)
        return None
    attempt_limits.check(attempt_rules.LINKS, source.network)
    invitation = db.session.scalar(
        select(Invitation).where(Invitation.token_hash == digest(token).hex(), *_is_valid())
    )
    if invitation is None and mode == "invite":
        attempt_limits.try_spend(attempt_rules.LINKS, source.network)
        raise Forbidden(_INVALID)
    return invitation


def check_registration(token: str | None, email: str | None, source: Source) -> Redeem:
    """Check that this email may register, and return the function that redeems the invitation.

    Raises as `find_invitation`, and ValidationFailed if the invitation is for another email.
    """
    invitation = find_invitation(token, source)
    if invitation is None:
        return lambda work: None
    if invitation.email not in (None, email):
        raise ValidationFailed(_WRONG_EMAIL, fields={"email": _WRONG_EMAIL})
    return partial(_redeem, invitation.id)


def _redeem(invitation_id: str, work: Session) -> None:
    """Use up one place. Raises Forbidden if none is left."""
    redeemed = work.scalar(
        update(Invitation)
        .where(
            Invitation.id == invitation_id,
            Invitation.revoked_at.is_(None),
            Invitation.uses < Invitation.most_uses,
        )
        .values(uses=Invitation.uses + 1)
        .returning(Invitation.id)
        .execution_options(synchronize_session=False)
    )
    if redeemed is None:
        raise Forbidden(_INVALID)


def create_invitation(actor_id: str | None, new: NewInvitation) -> IssuedInvitation:
    """Create an invitation. ``actor_id`` is None on the command line; callers check the role."""
    token = new_token()
    invitation = Invitation(
        token_hash=digest(token).hex(),
        created_by=actor_id,
        email=new.email,
        most_uses=new.uses,
        expires_at=now() + timedelta(seconds=new.expires_in),
    )
    with atomic() as work:
        work.add(invitation)
    audit.note("invited", user_id=actor_id, invitation=invitation.id, uses=new.uses)
    query = urlencode({"invitation": token})
    return IssuedInvitation(invitation, f"{_settings().base_url}/register?{query}")


def list_invitations() -> Sequence[tuple[Invitation, str | None]]:
    """Return the valid invitations, newest first, each with its creator's name."""
    rows = db.session.execute(
        select(Invitation, User.name)
        .outerjoin(User, User.id == Invitation.created_by)
        .where(*_is_valid())
        .order_by(Invitation.created_at.desc(), Invitation.id)
        .limit(500)
    )
    return [(row[0], row[1]) for row in rows]


def revoke_invitation(actor_id: str, invitation_id: str) -> None:
    """Make the invitation invalid. Raises NotFound."""
    with atomic() as work:
        invitation = work.get(Invitation, invitation_id)
        if invitation is None:
            raise NotFound("This invitation doesn't exist.")
        invitation.revoked_at = invitation.revoked_at or now()
    audit.note("invitation withdrawn", user_id=actor_id, invitation=invitation_id)


def _is_valid() -> tuple[ColumnElement[bool], ...]:
    return (
        Invitation.revoked_at.is_(None),
        Invitation.expires_at > now(),
        Invitation.uses < Invitation.most_uses,
    )


def _settings() -> Settings:
    settings: Settings = current_app.config["SETTINGS"]
    return settings
