"""REST calls to register, log in and log out."""

from __future__ import annotations

from typing import Any

from chatapp.auth import bp, service, sign_ins
from chatapp.auth.authentication import AuthenticatedUser, authenticate
from chatapp.auth.schemas import Credentials, SelfRegistration
from chatapp.auth.sign_in_presenters import login_json
from chatapp.auth.sign_ins import IssuedToken
from chatapp.auth.signin.browser_session import end_session
from chatapp.security.identity import client, current_sign_in
from chatapp.security.request_source import request_source
from chatapp.security.view_policy import policy
from chatapp.web.request_input import read_json


@bp.post("/api/auth/register")
@policy(public=True)
def register() -> Any:
    """Register; return the account and a token (201)."""
    user = service.register(read_json(SelfRegistration), request_source())
    return login_json(user, sign_ins.issue_token(user.id, client())), 201


@bp.post("/api/auth/login")
@policy(public=True)
def log_in() -> Any:
    """Log in; return the account and a token."""
    user, token = authenticate(read_json(Credentials), request_source(), issue_login_token)
    return login_json(user, token)


def issue_login_token(authenticated: AuthenticatedUser) -> IssuedToken:
    """Issue a token to the client that has just sent the right password."""
    return sign_ins.issue_token(
        authenticated.user.id, client(), expected_password_hash=authenticated.password_hash
    )


@bp.post("/api/auth/logout")
@policy(personal=True)
def log_out() -> Any:
    """End this token, or this browser's session, and its sockets (204)."""
    sign_in = current_sign_in()
    if sign_in.kind == "session":
        end_session()
    else:
        sign_ins.end_sign_in(sign_in.user_id, sign_in.id)
    return "", 204
