"""REST calls that external applications make in their own name."""

from __future__ import annotations

from typing import Any

from chatapp.auth import bp
from chatapp.auth.presenters import service_user_json
from chatapp.auth.service_accounts import users
from chatapp.auth.service_accounts.schemas import NewServiceUser, TokenRequest
from chatapp.auth.sign_in_presenters import token_json
from chatapp.security.identity import calling_service, client
from chatapp.security.view_policy import policy
from chatapp.web.request_input import read_json


@bp.post("/api/service/users")
@policy(scope="users:write", service=True)
def make_service_user() -> Any:
    """Return the account with this external_id (200), created if there is none (201)."""
    user, created = users.get_or_create_user(calling_service(), read_json(NewServiceUser))
    return dict(service_user_json(user)), 201 if created else 200


@bp.post("/api/service/tokens")
@policy(scope="tokens:write", service=True)
def issue_user_token() -> Any:
    """Issue a token for a user."""
    issued = users.issue_user_token(calling_service(), read_json(TokenRequest), client())
    return dict(token_json(issued))
