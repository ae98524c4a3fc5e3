"""Use cases of accounts elsewhere: signing in with one, connecting it, disconnecting it.

An account elsewhere is known by issuer and subject, never by its address: addresses change hands.
An address decides once only, when someone comes for the first time. If it is an account's already,
that account's owner says with the password whether the two belong together.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from chatapp import mail
from chatapp.auth import service
from chatapp.auth.admin import invitations
from chatapp.auth.admin.invitations import Admission
from chatapp.auth.schemas import OpenIdClaims
from chatapp.auth.service import NewAccount, Proven
from chatapp.core.db import atomic, db, now
from chatapp.core.errors import Conflict, NotFound, Unauthenticated
from chatapp.models import LinkedAccount, User
from chatapp.security import attempt_limits, audit
from chatapp.security.request_source import Source

_OTHERS = "It is connected to another account here. Log in to that one, and disconnect it there."
_LAST = "Set a password first: without one, this is your only way to log in."


@dataclass(frozen=True, slots=True)
class UnconfirmedLink:
    """An account elsewhere that ``user_id`` may connect, once it is certain that it is theirs."""

    user_id: str
    issuer: str
    subject: str
    email: str


def sign_in(
    issuer: str, claims: OpenIdClaims, source: Source, invitation: str | None = None
) -> User | UnconfirmedLink:
    """The person with this account elsewhere, who is made where nobody has it or its address.

    Where somebody has the address, what has to be confirmed first. Raises Forbidden for who is
    deactivated and for who may not register, RateLimited. The address must be verified: the caller
    has made sure of that.
    """
    email = claims.email or ""
    for _ in range(2):  # a second time if the same person came by two doors at once
        # The owner first: an account made this moment is seen with its link, or not at all.
        owner = db.session.scalar(
            select(User).where(User.email == email, User.deleted_at.is_(None))
        )
        user = _linked(issuer, claims)
        if user is not None:
            audit.note("signed in", user_id=user.id, address=source.address, issuer=issuer)
            return user
        if owner is not None:
            service.refuse_deactivated(owner)
            return UnconfirmedLink(owner.id, issuer, claims.subject, email)
        admit = invitations.admission(invitation, email, source)
        new = NewAccount(
            email=email,
            name=claims.name,
            profile_picture=claims.picture,
            email_verified=True,
            last_login=now(),
        )

        def with_link(work: Session, user: User, admit: Admission = admit) -> None:
            admit(work)
            _add(work, UnconfirmedLink(user.id, issuer, claims.subject, email))

        attempt_limits.spend(attempt_limits.REGISTRATIONS, source.network)
        try:
            user = service.create_account(new, along=with_link)
        except Conflict:
            continue
        audit.note("registered", user_id=user.id, address=source.address, issuer=issuer)
        return user
    raise Conflict()


def confirm(link: UnconfirmedLink, password: str, source: Source) -> Proven:
    """The link stands: whoever knows the account's password has said that it may.

    Raises Unauthenticated for a wrong password, Conflict where the account elsewhere is connected
    to another one, Forbidden where this one is deactivated, RateLimited.
    """
    user: User | None = db.session.scalar(
        select(User).where(User.id == link.user_id, User.deleted_at.is_(None))
    )
    proven = service.prove_password(user, password, source, typed=link.user_id)
    if proven is None:
        raise Unauthenticated("The password is wrong.")
    service.refuse_deactivated(proven.user)
    connect(link)
    return proven


def connect(link: UnconfirmedLink) -> None:
    """The account elsewhere signs this person in. Raises Conflict where another person has it.

    Where both have one address, it is known to be read by them: the provider has verified it.
    """
    for _ in range(2):  # a second time if somebody, perhaps they, connected it a moment ago
        try:
            new = _try_to_connect(link)
        except IntegrityError:
            continue
        if new:
            audit.note("connected", user_id=link.user_id, issuer=link.issuer)
        return
    raise Conflict(_OTHERS)


def _try_to_connect(link: UnconfirmedLink) -> bool:
    """Whether it wasn't connected before."""
    with atomic() as work:
        user = work.get_one(User, link.user_id, with_for_update=True, populate_existing=True)
        owner = _owner(work, link)
        if owner is None:
            _add(work, link)
            _tell_owner("account_connected", user, link.issuer)
        elif owner != user.id:
            raise Conflict(_OTHERS)
        work.execute(
            update(User)
            .where(
                User.id == link.user_id,
                User.email == link.email,
                User.email_verified_at.is_(None),
            )
            .values(email_verified_at=now())
        )
    return owner is None


def connected(user_id: str) -> list[LinkedAccount]:
    """What this person has connected, in the order of connecting."""
    return list(
        db.session.scalars(
            select(LinkedAccount)
            .where(LinkedAccount.user_id == user_id)
            .order_by(LinkedAccount.created_at, LinkedAccount.id)
        )
    )


def disconnect(user_id: str, id_: str) -> None:
    """The account elsewhere signs this person in no more.

    Raises NotFound where it isn't theirs, Conflict where it is their last way in.
    """
    with atomic() as work:
        user = work.get_one(User, user_id, with_for_update=True, populate_existing=True)
        own = select(func.count()).where(LinkedAccount.user_id == user_id)
        if user.password_hash is None and (work.scalar(own) or 0) < 2:
            raise Conflict(_LAST)
        gone = work.execute(
            delete(LinkedAccount)
            .where(LinkedAccount.id == id_, LinkedAccount.user_id == user_id)
            .returning(LinkedAccount.issuer)
        ).first()
        if gone is None:
            raise NotFound()
        _tell_owner("account_disconnected", user, gone.issuer)
    audit.note("disconnected", user_id=user_id)


def _linked(issuer: str, claims: OpenIdClaims) -> User | None:
    with atomic() as work:
        found = work.execute(
            select(User, LinkedAccount)
            .join(LinkedAccount, LinkedAccount.user_id == User.id)
            .where(
                LinkedAccount.issuer == issuer,
                LinkedAccount.subject == claims.subject,
                User.deleted_at.is_(None),
            )
        ).first()
        if found is None:
            return None
        user, link = found
        service.refuse_deactivated(user)
        link.email = claims.email
        work.execute(
            update(User)
            .where(User.id == user.id)
            .values(last_login=now(), updated_at=User.updated_at)
        )
        return user


def _tell_owner(template: str, user: User, issuer: str) -> None:
    """By mail: whoever else does this to somebody's account shall not go unnoticed."""
    if user.email:
        provider = urlsplit(issuer).netloc
        mail.send(template, user.email, provider=provider, link=mail.link("/settings/account"))


def _owner(work: Session, link: UnconfirmedLink) -> str | None:
    return work.scalar(
        select(LinkedAccount.user_id).where(
            LinkedAccount.issuer == link.issuer, LinkedAccount.subject == link.subject
        )
    )


def _add(work: Session, link: UnconfirmedLink) -> None:
    work.add(
        LinkedAccount(
            user_id=link.user_id, issuer=link.issuer, subject=link.subject, email=link.email
        )
    )
