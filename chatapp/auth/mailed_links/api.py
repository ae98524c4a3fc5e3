"""REST calls for mailed links: request them and use them."""

from __future__ import annotations

from typing import Any

from chatapp.auth import bp, verification
from chatapp.auth.mailed_links import email_change, email_confirmation, password_reset
from chatapp.auth.mailed_links.schemas import (
    EmailChange,
    LinkToken,
    PasswordReset,
    PasswordResetRequest,
)
from chatapp.auth.presenters import account_json
from chatapp.security.identity import caller, current_sign_in
from chatapp.security.request_source import remember_device, request_source
from chatapp.security.view_policy import policy
from chatapp.web.request_input import read_json


@bp.post("/api/auth/verify")
@policy(public=True)
def verify() -> Any:
    """Confirm the email address that the token was mailed to; return the account."""
    user = email_confirmation.confirm_email(read_json(LinkToken).token, request_source())
    return {"user": account_json(user)}


@bp.post("/api/auth/verify/resend")
@policy(personal=True)
def resend_verification() -> Any:
    """Mail a new confirmation link unless the address is confirmed (202)."""
    verification.resend_verification(caller().id, request_source())
    return "", 202


@bp.post("/api/auth/password/forgot")
@policy(public=True)
def forgot_password() -> Any:
    """Mail a reset link if an account has this address; the answer never tells (202)."""
    password_reset.request_password_reset(read_json(PasswordResetRequest).email, request_source())
    return "", 202


@bp.post("/api/auth/password/reset")
@policy(public=True)
def reset_password() -> Any:
    """Set the new password and end all sign-ins (204)."""
    reset = read_json(PasswordReset)
    user_id = password_reset.reset_password(reset.token, reset.password, request_source())
    remember_device(user_id)
    return "", 204


@bp.put("/api/users/me/email")
@policy(personal=True)
def change_email() -> Any:
    """Mail a link to the new address, which changes the account when followed (202)."""
    change = read_json(EmailChange)
    email_change.request_email_change(current_sign_in(), change, request_source())
    return "", 202
