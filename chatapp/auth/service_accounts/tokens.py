"""Use cases of service tokens: the operator makes and revokes them, services use them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from chatapp.auth.schemas import NewServiceUser, TokenRequest
from chatapp.auth.service import NewAccount, create_account
from chatapp.auth.signin import sign_ins
from chatapp.auth.signin.sign_ins import IssuedToken
from chatapp.core.db import atomic, db, now
from chatapp.core.errors import Conflict, NotFound, Unauthenticated, ValidationFailed
from chatapp.models import ServiceToken, User
from chatapp.security import audit
from chatapp.security.identity import Client
from chatapp.security.scopes import SCOPES
from chatapp.security.service_accounts import digest, new_token, people_to_act_for


def create(name: str, scopes: Collection[str]) -> str:
    """A new service token; this is the only time that its text is known.

    Raises ValidationFailed for a scope there isn't, Conflict where a live token has this name.
    """
    unknown = sorted(set(scopes) - SCOPES.keys())
    if unknown or not scopes:
        wrong = f"There is no scope {', '.join(unknown)}." if unknown else "Name a scope."
        raise ValidationFailed(f"{wrong} There are: {', '.join(SCOPES)}.")
    if not 1 <= len(name.strip()) <= 80:
        raise ValidationFailed("A service token's name has 1 to 80 characters.")
    token = new_token()
    ordered = " ".join(one for one in SCOPES if one in scopes)
    try:
        with atomic() as work:
            work.add(ServiceToken(name=name.strip(), token_hash=digest(token), scopes=ordered))
    except IntegrityError:
        db.session.expunge_all()
        raise Conflict(
            f"There is a service token {name.strip()!r} already. Revoke it, or choose another name."
        ) from None
    audit.note("service token made", service=name.strip(), scopes=ordered)
    return token


def listing() -> Sequence[ServiceToken]:
    """Every service token, those revoked too, the newest first."""
    newest = (ServiceToken.created_at.desc(), ServiceToken.id)
    return db.session.scalars(select(ServiceToken).order_by(*newest)).all()


def revoke(name: str) -> None:
    """The live token of this name counts no more, nor does what it issued. Raises NotFound."""
    with atomic() as work:
        service = work.scalar(
            select(ServiceToken)
            .where(ServiceToken.name == name, ServiceToken.revoked_at.is_(None))
            .with_for_update()
        )
        if service is None:
            raise NotFound(f"There is no live service token {name!r}.")
        service.revoked_at = now()
        sign_ins.end_issued_by(service.id)
    audit.note("service token revoked", service=name)


def make_user(service: ServiceToken, new: NewServiceUser) -> tuple[User, bool]:
    """The account that stands by this `external_id`, or a new one; and whether it is new.

    Raises Conflict where somebody else has the address or the username: an account that stands is
    never handed to a service because it named its address.
    """
    user = _by_external_id(new.external_id)
    if user is not None:
        return user, False
    try:
        account = NewAccount(
            email=new.email, username=new.username, name=new.name, external_id=new.external_id
        )
        user = create_account(account)
    except Conflict:
        user = _by_external_id(new.external_id)  # made meanwhile, perhaps by a repeat of this call
        if user is None:
            raise
        return user, False
    audit.note("account made by service", user_id=user.id, service=service.name)
    return user, True


def issue(service: ServiceToken, wanted: TokenRequest, client: Client) -> IssuedToken:
    """A token of the person's own, which ends with the service's.

    Raises NotFound for whoever isn't a service's to act for, Unauthenticated where the service's
    token was revoked meanwhile.
    """
    people = people_to_act_for()
    if wanted.user_id is not None:
        people = people.where(User.id == wanted.user_id)
    if wanted.external_id is not None:
        people = people.where(User.external_id == wanted.external_id)
    live = select(ServiceToken.id).where(
        ServiceToken.id == service.id, ServiceToken.revoked_at.is_(None)
    )
    with atomic() as work:
        if work.scalar(live.with_for_update(read=True)) is None:
            raise Unauthenticated("This service token was revoked.")
        user = work.scalar(people)
        if user is None:
            raise NotFound("There is no active account by this id that a service may act for.")
        issued = sign_ins.issue_token(
            user.id, client, service_token_id=service.id, expires_in=wanted.expires_in
        )
    audit.note("token issued to service", user_id=user.id, service=service.name)
    return issued


def _by_external_id(external_id: str) -> User | None:
    user: User | None = db.session.scalar(select(User).where(User.external_id == external_id))
    return user
