"""Accounts as JSON."""

from __future__ import annotations

from typing import TypedDict

from chatapp.auth.signin.sign_ins import IssuedToken
from chatapp.conversation.presenters import PersonJson, person_json
from chatapp.core.clock import iso
from chatapp.models import Invitation, SignIn, User


class AccountJson(PersonJson):
    """One's own account: what only oneself and staff may see."""

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
    """Someone's own account, for themselves."""
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
    """Somebody's public profile, and what the outer application calls them."""

    external_id: str | None


def service_user_json(user: User) -> ServiceUserJson:
    """Somebody, for a service: what it may see of them without acting for them."""
    return {**person_json(user), "external_id": user.external_id}


class TokenJson(TypedDict):
    """A bearer token."""

    token: str
    expires_at: str


def token_json(issued: IssuedToken) -> TokenJson:
    """A new token, for whoever hands it on."""
    return {"token": issued.token, "expires_at": iso(issued.expires_at)}


class SignedInJson(TokenJson):
    """Who signed in, and the token to go on with."""

    user: AccountJson


def signed_in_json(user: User, issued: IssuedToken) -> SignedInJson:
    """The answer to registering and to logging in."""
    return {"user": account_json(user), **token_json(issued)}


class SignInJson(TypedDict):
    """One place where one is signed in."""

    id: str
    kind: str
    user_agent: str
    ip: str | None
    created_at: str
    last_used_at: str
    current: bool


def sign_in_json(sign_in: SignIn, current_id: str) -> SignInJson:
    """For its owner, who asks by the sign-in ``current_id``."""
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


def invitation_json(invitation: Invitation, maker: str | None) -> InvitationJson:
    """An invitation as administrators see it; ``maker`` is the name of who made it."""
    return {
        "id": invitation.id,
        "email": invitation.email,
        "uses": invitation.uses,
        "most_uses": invitation.most_uses,
        "created_by": maker,
        "expires_at": iso(invitation.expires_at),
        "created_at": iso(invitation.created_at),
    }
