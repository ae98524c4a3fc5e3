"""Service tokens: create, list and revoke them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from chatapp.auth import sign_ins
from chatapp.core.db import atomic, db, now
from chatapp.core.errors import Conflict, NotFound, ValidationFailed
from chatapp.models import ServiceToken
from chatapp.security import audit
from chatapp.security.scopes import SCOPES
from chatapp.security.service_tokens import digest, new_token

MAX_NAME_LENGTH = 80


def create_service_token(name: str, scopes: Collection[str]) -> str:
    """Create a service token and return its text, which isn't stored.

    Raises ValidationFailed for an unknown scope, Conflict if a valid token has this name.
    """
    name = name.strip()
    unknown = sorted(set(scopes) - SCOPES.keys())
    if unknown or not scopes:
        problem = f"There is no scope {', '.join(unknown)}." if unknown else "Give a scope."
        raise ValidationFailed(f"{problem} The scopes are: {', '.join(SCOPES)}.")
    if not 1 <= len(name) <= MAX_NAME_LENGTH:
        raise ValidationFailed(f"Give the token a name of 1 to {MAX_NAME_LENGTH} characters.")
    token = new_token()
    ordered = " ".join(scope for scope in SCOPES if scope in scopes)
    try:
        with atomic() as work:
            work.add(ServiceToken(name=name, token_hash=digest(token), scopes=ordered))
    except IntegrityError:
        db.session.expunge_all()
        raise Conflict(
            f"There is already a service token called {name!r}. Revoke it or choose another name."
        ) from None
    audit.note("service token made", service=name, scopes=ordered)
    return token


def list_service_tokens() -> Sequence[ServiceToken]:
    """Return all service tokens, also revoked ones, newest first."""
    newest = (ServiceToken.created_at.desc(), ServiceToken.id)
    return db.session.scalars(select(ServiceToken).order_by(*newest)).all()


def revoke_service_token(name: str) -> None:
    """Revoke a service token and all user tokens that it issued. Raises NotFound."""
    with atomic() as work:
        service = work.scalar(
            select(ServiceToken)
            .where(ServiceToken.name == name, ServiceToken.revoked_at.is_(None))
            .with_for_update()
        )
        if service is None:
            raise NotFound(f"There is no valid service token called {name!r}.")
        service.revoked_at = now()
        sign_ins.end_tokens_of_service(service.id)
    audit.note("service token revoked", service=name)
