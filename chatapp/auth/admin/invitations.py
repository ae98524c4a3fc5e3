"""Who may make an account: REGISTRATION, and links that let people in.

An invitation is a link with a token that is stored as a hash only. It lets in so many people, until
it expires or is withdrawn; one with an address is good for that address alone. Two who use the
last place at the same moment: one gets in. Administrators make them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from urllib.parse import urlencode

from flask import current_app
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from chatapp.auth.schemas import NewInvitation
from chatapp.core.db import atomic, db, now
from chatapp.core.errors import Forbidden, NotFound, ValidationFailed
from chatapp.models import Invitation, User
from chatapp.security import attempt_limits, audit
from chatapp.security.opaque_tokens import digest, new_token
from chatapp.security.request_source import Source
from config import Settings

#: To be called within the transaction that makes the account.
Admission = Callable[[Session], None]

CLOSED = "Nobody can register here. Ask an administrator of this server to make you an account."
INVITE = "You need an invitation to register here. Ask an administrator of this server for a link."
GONE = "This invitation has been used, withdrawn, or has expired. Ask for a new one."


@dataclass(frozen=True, slots=True)
class IssuedInvitation:
    """A new invitation; this is the only time that its link is known."""

    invitation: Invitation
    link: str


def check(token: str | None, source: Source) -> Invitation | None:
    """What lets someone register now: an invitation, or none where none is needed.

    Raises Forbidden, which says what to do; RateLimited for who tries many tokens.
    """
    mode = _settings().registration
    if mode == "closed":
        raise Forbidden(CLOSED)
    if not token:
        if mode == "invite":
            raise Forbidden(INVITE)
        return None
    attempt_limits.refuse(attempt_limits.LINKS, source.network)
    found = db.session.scalar(
        select(Invitation).where(
            Invitation.token_hash == digest(token).hex(),
            Invitation.revoked_at.is_(None),
            Invitation.expires_at > now(),
            Invitation.uses < Invitation.most_uses,
        )
    )
    if found is None and mode == "invite":
        attempt_limits.allows(attempt_limits.LINKS, source.network)
        raise Forbidden(GONE)
    return found


def admission(token: str | None, email: str | None, source: Source) -> Admission:
    """What lets an account of this address be made.

    Raises as `check`, and ValidationFailed where the invitation is for another address.
    """
    invitation = check(token, source)
    if invitation is None:
        return lambda work: None
    if invitation.email not in (None, email):
        words = "The invitation is for another address: the one that it was sent to."
        raise ValidationFailed(words, fields={"email": words})
    return partial(_use, invitation.id)


def _use(invitation_id: str, work: Session) -> None:
    """One place less. Raises Forbidden where none is left."""
    used = work.scalar(
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
    if used is None:
        raise Forbidden(GONE)


def invite(actor_id: str | None, new: NewInvitation) -> IssuedInvitation:
    """A new invitation. Whoever asks is an administrator, or the command line."""
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


def standing() -> Sequence[tuple[Invitation, str | None]]:
    """The invitations that still count, the newest first, each with its maker's name."""
    rows = db.session.execute(
        select(Invitation, User.name)
        .outerjoin(User, User.id == Invitation.created_by)
        .where(
            Invitation.revoked_at.is_(None),
            Invitation.expires_at > now(),
            Invitation.uses < Invitation.most_uses,
        )
        .order_by(Invitation.created_at.desc(), Invitation.id)
        .limit(500)
    )
    return [(row[0], row[1]) for row in rows]


def revoke(actor_id: str, invitation_id: str) -> None:
    """The invitation counts no more. Raises NotFound."""
    with atomic() as work:
        invitation = work.get(Invitation, invitation_id)
        if invitation is None:
            raise NotFound("There is no such invitation.")
        invitation.revoked_at = invitation.revoked_at or now()
    audit.note("invitation withdrawn", user_id=actor_id, invitation=invitation_id)


def _settings() -> Settings:
    settings: Settings = current_app.config["SETTINGS"]
    return settings
