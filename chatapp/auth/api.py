"""Accounts over REST."""

from __future__ import annotations

from typing import Any

from chatapp.auth import bp, service
from chatapp.auth.presenters import signed_in_json
from chatapp.auth.schemas import Credentials, Visitor
from chatapp.auth.signin import sign_ins
from chatapp.auth.signin.browser_session import sign_out
from chatapp.security.identity import client, current_sign_in, public
from chatapp.security.request_source import request_source
from chatapp.security.scopes import personal
from chatapp.web.request_input import read_json


@bp.post("/api/auth/register")
@public
def register() -> Any:
    """201 with the new account and a token."""
    user = service.register(read_json(Visitor), request_source())
    return signed_in_json(user, sign_ins.issue_token(user.id, client())), 201


@bp.post("/api/auth/login")
@public
def log_in() -> Any:
    """200 with the account and a token."""
    proven = service.log_in(read_json(Credentials), request_source())
    token = sign_ins.issue_token(proven.user.id, client(), proven_by=proven.password_hash)
    return signed_in_json(proven.user, token)


@bp.post("/api/auth/logout")
@personal
def log_out() -> Any:
    """204; this token, or this browser's session, and its sockets end."""
    sign_in = current_sign_in()
    if sign_in.kind == "session":
        sign_out()
    else:
        sign_ins.end(sign_in.user_id, sign_in.id)
    return "", 204
