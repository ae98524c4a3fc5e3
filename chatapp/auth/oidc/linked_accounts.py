"""Sign in with an account at an OpenID provider; connect and disconnect such accounts.

A provider account is identified by issuer and subject, never by its email, since addresses change
hands. The email only matters on the first sign-in: if an account here already has it, its owner has
to confirm with the password that the two belong together.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from chatapp import mail
from chatapp.auth import invitations, service
from chatapp.auth.authentication import AuthenticatedUser, check_active, verify_password
from chatapp.auth.invitations import Redeem
from chatapp.auth.oidc.schemas import OpenIdClaims
from chatapp.auth.service import NewAccount
from chatapp.core.db import atomic, db, now
from chatapp.core.errors import Conflict, NotFound, Unauthenticated
from chatapp.models import LinkedAccount, User
from chatapp.security import attempt_limits, attempt_rules, audit
from chatapp.security.request_source import Source

_CONNECTED_ELSEWHERE = (
    "This is connected to another account here. Log in to that account and disconnect it there."
)
_ONLY_LOGIN = "Set a password first. Without one, this is your only way to log in."


@dataclass(frozen=True, slots=True)
class UnconfirmedLink:
    """A provider account that ``user_id`` may connect, once its owner has confirmed it."""

    user_id: str
    issuer: str
    subject: str
    email: str


def sign_in_with_provider(
    issuer: str, claims: OpenIdClaims, source: Source, invitation: str | None = None
) -> User | UnconfirmedLink:
    """Return the user that this provider account belongs to, creating one if needed.

    Returns an `UnconfirmedLink` instead if an account here has the same email. The caller must have
    checked that the provider verified the email. Raises Forbidden if the account is deactivated or
    the person may not register, RateLimited.
    """
    email = claims.email or ""
    for _ in range(2):  # again if the same person registered in another way at the same moment
        # Look for the email's owner first: an account that is created right now then appears either
        # with its link or not at all.
        email_owner = db.session.scalar(
            select(User).where(User.email == email, User.deleted_at.is_(None))
        )
        user = _sign_in_linked_user(issuer, claims)
        if user is not None:
            audit.note("signed in", user_id=user.id, address=source.address, issuer=issuer)
            return user
        if email_owner is not None:
            check_active(email_owner)
            return UnconfirmedLink(email_owner.id, issuer, claims.subject, email)
        redeem_invitation = invitations.check_registration(invitation, email, source)
        new = NewAccount(
            email=email,
            name=claims.name,
            profile_picture=claims.picture,
            email_verified=True,
            last_login=now(),
        )

        def redeem_and_link(work: Session, user: User, redeem: Redeem = redeem_invitation) -> None:
            redeem(work)
            _add_link(work, UnconfirmedLink(user.id, issuer, claims.subject, email))

        attempt_limits.spend(attempt_rules.REGISTRATIONS, source.network)
        try:
            user = service.create_account(new, on_created=redeem_and_link)
        except Conflict:
            continue
        audit.note("registered", user_id=user.id, address=source.address, issuer=issuer)
        return user
    raise Conflict()


def confirm_link(link: UnconfirmedLink, password: str, source: Source) -> AuthenticatedUser:
    """Connect the provider account after its owner has entered the account's password.

    Raises Unauthenticated for a wrong password, Conflict if the provider account is connected to
    another account, Forbidden if this account is deactivated, RateLimited.
    """
    user: User | None = db.session.scalar(
        select(User).where(User.id == link.user_id, User.deleted_at.is_(None))
    )
    authenticated = verify_password(
        user, password, source, entered_name=link.user_id, on_success=lambda user: user
    )
    if authenticated is None:
        raise Unauthenticated("That password is incorrect.")
    connect(link)
    return authenticated


def connect(link: UnconfirmedLink) -> None:
    """Let the provider account sign this user in. Raises Conflict if another user has it.

    If both have the same email, marks it as verified: the provider has verified it.
    """
    for _ in range(2):  # again if it was connected a moment ago, perhaps by the same person
        try:
            is_new = _try_to_connect(link)
        except IntegrityError:
            continue
        if is_new:
            audit.note("connected", user_id=link.user_id, issuer=link.issuer)
        return
    raise Conflict(_CONNECTED_ELSEWHERE)


def _try_to_connect(link: UnconfirmedLink) -> bool:
    """Return whether the link is new."""
    with atomic() as work:
        user = work.get_one(User, link.user_id, with_for_update=True, populate_existing=True)
        linked_user_id = _linked_user_id(work, link)
        if linked_user_id is None:
            _add_link(work, link)
            _notify_owner("account_connected", user, link.issuer)
        elif linked_user_id != user.id:
            raise Conflict(_CONNECTED_ELSEWHERE)
        work.execute(
            update(User)
            .where(
                User.id == link.user_id,
                User.email == link.email,
                User.email_verified_at.is_(None),
            )
            .values(email_verified_at=now())
        )
    return linked_user_id is None


def list_linked_accounts(user_id: str) -> list[LinkedAccount]:
    """Return the provider accounts that this user has connected, oldest first."""
    return list(
        db.session.scalars(
            select(LinkedAccount)
            .where(LinkedAccount.user_id == user_id)
            .order_by(LinkedAccount.created_at, LinkedAccount.id)
        )
    )


def disconnect(user_id: str, linked_account_id: str) -> None:
    """Remove a connected provider account.

    Raises NotFound if this user doesn't have it, Conflict if it is their only way to log in.
    """
    with atomic() as work:
        user = work.get_one(User, user_id, with_for_update=True, populate_existing=True)
        own = select(func.count()).where(LinkedAccount.user_id == user_id)
        if user.password_hash is None and (work.scalar(own) or 0) < 2:
            raise Conflict(_ONLY_LOGIN)
        removed = work.execute(
            delete(LinkedAccount)
            .where(LinkedAccount.id == linked_account_id, LinkedAccount.user_id == user_id)
            .returning(LinkedAccount.issuer)
        ).first()
        if removed is None:
            raise NotFound()
        _notify_owner("account_disconnected", user, removed.issuer)
    audit.note("disconnected", user_id=user_id)


def _sign_in_linked_user(issuer: str, claims: OpenIdClaims) -> User | None:
    """Return the user with this provider account and note the login. Raises Forbidden."""
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
        user, linked_account = found
        check_active(user)
        linked_account.email = claims.email
        work.execute(
            update(User)
            .where(User.id == user.id)
            .values(last_login=now(), updated_at=User.updated_at)
        )
        return user


def _notify_owner(template: str, user: User, issuer: str) -> None:
    """Mail the owner, so that they notice if someone else did this."""
    if user.email:
        provider = urlsplit(issuer).netloc
        mail.send(
            template, user.email, provider=provider, link=mail.absolute_url("/settings/account")
        )


def _linked_user_id(work: Session, link: UnconfirmedLink) -> str | None:
    return work.scalar(
        select(LinkedAccount.user_id).where(
            LinkedAccount.issuer == link.issuer, LinkedAccount.subject == link.subject
        )
    )


def _add_link(work: Session, link: UnconfirmedLink) -> None:
    work.add(
        LinkedAccount(
            user_id=link.user_id, issuer=link.issuer, subject=link.subject, email=link.email
        )
    )
