"""What a service does with its token: get users, and issue tokens for them."""

from __future__ import annotations

from sqlalchemy import select

from chatapp.auth import sign_ins
from chatapp.auth.service import NewAccount, create_account
from chatapp.auth.service_accounts.schemas import NewServiceUser, TokenRequest
from chatapp.auth.sign_ins import IssuedToken
from chatapp.core.db import atomic, db
from chatapp.core.errors import Conflict, NotFound, Unauthenticated
from chatapp.models import ServiceToken, User
from chatapp.security import audit
from chatapp.security.identity import Client
from chatapp.security.service_accounts import people_to_act_for


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
