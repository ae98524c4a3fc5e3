"""Accounts, sign-ins and invitations as JSON."""

from __future__ import annotations

from typing import TypedDict

from chatapp.auth.sign_ins import IssuedToken
from chatapp.conversation.person_presenters import PersonJson, person_json
from chatapp.core.clock import iso
from chatapp.models import Invitation, SignIn, User


class AccountJson(PersonJson):
    """An account, with the fields that only its owner and administrators may see."""

    email: str | None
    email_verified: bool
    phone_number: str | None
    theme_mode: str
    theme_color: str | None
    background_image: str | None
    theme: str | None
    enter_sends: bool
    hide_last_seen: bool
    hide_read_receipts: bool
    notify: str
    is_active: bool
    is_staff: bool
    is_superuser: bool
    date_joined: str
    created_at: str
    updated_at: str


def account_json(user: User) -> AccountJson:
    """Present an account to its owner or an administrator."""
    return {
        **person_json(user),
        "email": user.email,
        "email_verified": user.email_verified_at is not None,
        "phone_number": user.phone_number,
        "theme_mode": user.theme_mode,
        "theme_color": user.theme_color,
        "background_image": user.background_image,
        "theme": user.theme,
        "enter_sends": user.enter_sends,
        "hide_last_seen": user.hide_last_seen,
        "hide_read_receipts": user.hide_read_receipts,
        "notify": user.notify,
        "is_active": user.is_active,
        "is_staff": user.is_staff,
        "is_superuser": user.is_superuser,
        "date_joined": iso(user.date_joined),
        "created_at": iso(user.created_at),
        "updated_at": iso(user.updated_at),
    }


class ServiceUserJson(PersonJson):
    """A public profile and the external application's id for it."""

    external_id: str | None


def service_user_json(user: User) -> ServiceUserJson:
    """Present a user to a service that isn't acting for them."""
    return {**person_json(user), "external_id": user.external_id}


class TokenJson(TypedDict):
    """A bearer token."""

    token: str
    expires_at: str


def token_json(issued: IssuedToken) -> TokenJson:
    """Present a new token to the client that asked for it."""
    return {"token": issued.token, "expires_at": iso(issued.expires_at)}


class LoginJson(TokenJson):
    """The account that logged in and its new token."""

    user: AccountJson


def login_json(user: User, issued: IssuedToken) -> LoginJson:
    """Answer a registration or a login."""
    return {"user": account_json(user), **token_json(issued)}


class SignInJson(TypedDict):
    """A sign-in: one browser or client in which a person is logged in."""

    id: str
    kind: str
    user_agent: str
    ip: str | None
    created_at: str
    last_used_at: str
    current: bool


def sign_in_json(sign_in: SignIn, current_id: str) -> SignInJson:
    """Present a sign-in to its owner, whose request comes from ``current_id``."""
    return {
        "id": sign_in.id,
        "kind": "session" if sign_in.kind == "session" else "token",
        "user_agent": sign_in.user_agent,
        "ip": sign_in.ip,
        "created_at": iso(sign_in.created_at),
        "last_used_at": iso(sign_in.last_used_at),
        "current": sign_in.id == current_id,
    }


class InvitationJson(TypedDict):
    """An invitation, without its link."""

    id: str
    email: str | None
    uses: int
    most_uses: int
    created_by: str | None
    expires_at: str
    created_at: str


def invitation_json(invitation: Invitation, created_by: str | None) -> InvitationJson:
    """Present an invitation to administrators; ``created_by`` is its creator's name."""
    return {
        "id": invitation.id,
        "email": invitation.email,
        "uses": invitation.uses,
        "most_uses": invitation.most_uses,
        "created_by": created_by,
        "expires_at": iso(invitation.expires_at),
        "created_at": iso(invitation.created_at),
    }
