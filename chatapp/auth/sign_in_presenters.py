"""Sign-ins and new tokens as JSON."""

from __future__ import annotations

from typing import TypedDict

from chatapp.auth.presenters import AccountJson, account_json
from chatapp.auth.sign_ins import IssuedToken
from chatapp.core.clock import iso
from chatapp.models import SignIn, User


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
