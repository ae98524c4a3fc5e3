"""What outer applications call in their own name."""

from __future__ import annotations

from typing import Any

from chatapp.auth import bp
from chatapp.auth.presenters import service_user_json, token_json
from chatapp.auth.schemas import NewServiceUser, TokenRequest
from chatapp.auth.service_accounts import tokens
from chatapp.security.identity import calling_service, client
from chatapp.security.scopes import service_call
from chatapp.web.request_input import read_json


@bp.post("/api/service/users")
@service_call("users:write")
def make_service_user() -> Any:
    """201 with the new account, 200 with the one that stands by this external_id."""
    user, created = tokens.make_user(calling_service(), read_json(NewServiceUser))
    return dict(service_user_json(user)), 201 if created else 200


@bp.post("/api/service/tokens")
@service_call("tokens:write")
def issue_user_token() -> Any:
    """200 with a token of that user's own."""
    issued = tokens.issue(calling_service(), read_json(TokenRequest), client())
    return dict(token_json(issued))
