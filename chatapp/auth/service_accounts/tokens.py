"""Service tokens, and what a service does with one: get users and issue tokens for them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from chatapp.auth import sign_ins
from chatapp.auth.service import NewAccount, create_account
from chatapp.auth.service_accounts.schemas import NewServiceUser, TokenRequest
from chatapp.auth.sign_ins import IssuedToken
from chatapp.core.db import atomic, db, now
from chatapp.core.errors import Conflict, NotFound, Unauthenticated, ValidationFailed
from chatapp.models import ServiceToken, User
from chatapp.security import audit
from chatapp.security.identity import Client
from chatapp.security.scopes import SCOPES
from chatapp.security.service_accounts import digest, new_token, people_to_act_for

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


def get_or_create_user(service: ServiceToken, new: NewServiceUser) -> tuple[User, bool]:
    """Return the account with this `external_id`, created if needed, and whether it is new.

    Raises Conflict if another account has the email or username: a service never gets an existing
    account because it knows the email.
    """
    user = _find_by_external_id(new.external_id)
    if user is not None:
        return user, False
    try:
        account = NewAccount(
            email=new.email, username=new.username, name=new.name, external_id=new.external_id
        )
        user = create_account(account)
    except Conflict:
        # A repeat of this call may have created it a moment ago.
        user = _find_by_external_id(new.external_id)
        if user is None:
            raise
        return user, False
    audit.note("account made by service", user_id=user.id, service=service.name)
    return user, True


def issue_user_token(service: ServiceToken, request: TokenRequest, client: Client) -> IssuedToken:
    """Issue a token for a user. It ends when the service's own token is revoked.

    Raises NotFound if the service may not act for this user, Unauthenticated if the service token
    was revoked a moment ago.
    """
    people = people_to_act_for()
    if request.user_id is not None:
        people = people.where(User.id == request.user_id)
    if request.external_id is not None:
        people = people.where(User.external_id == request.external_id)
    valid = select(ServiceToken.id).where(
        ServiceToken.id == service.id, ServiceToken.revoked_at.is_(None)
    )
    with atomic() as work:
        if work.scalar(valid.with_for_update(read=True)) is None:
            raise Unauthenticated("This service token has been revoked.")
        user = work.scalar(people)
        if user is None:
            raise NotFound("There is no active user with this id that a service may act for.")
        issued = sign_ins.issue_token(
            user.id, client, service_token_id=service.id, expires_in=request.expires_in
        )
    audit.note("token issued to service", user_id=user.id, service=service.name)
    return issued


def _find_by_external_id(external_id: str) -> User | None:
    user: User | None = db.session.scalar(select(User).where(User.external_id == external_id))
    return user
