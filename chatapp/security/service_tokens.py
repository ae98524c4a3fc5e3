"""Service tokens, each of which identifies another application.

Only the hash of a token is stored.
"""

from __future__ import annotations

import secrets
from datetime import timedelta

from sqlalchemy import select, update

from chatapp.core.db import atomic, db, now
from chatapp.models import ServiceToken
from chatapp.security import opaque_tokens

#: What every service token begins with, for those who search code and logs for lost ones.
PREFIX = "chatapp_svc_"
#: How exact `last_used_at` is: a busy service doesn't write at each of its calls.
USED_WITHIN = timedelta(minutes=1)


def new_token() -> str:
    """Return a new token: 256 random bits, so nobody can guess it."""
    return PREFIX + secrets.token_urlsafe(32)


def digest(token: str) -> str:
    """Return what is stored of a token."""
    return opaque_tokens.digest(token).hex()


def find_service(token: str) -> ServiceToken | None:
    """Return the service whose token this is, unless it was revoked; note its use."""
    service: ServiceToken | None = db.session.scalar(
        select(ServiceToken).where(
            ServiceToken.token_hash == digest(token), ServiceToken.revoked_at.is_(None)
        )
    )
    if service is not None:
        _note_use(service)
    return service


def _note_use(service: ServiceToken) -> None:
    moment = now()
    if service.last_used_at is not None and service.last_used_at > moment - USED_WITHIN:
        return
    with atomic() as work:
        work.execute(
            update(ServiceToken)
            .where(ServiceToken.id == service.id)
            .values(last_used_at=moment, updated_at=ServiceToken.updated_at)
        )
