"""Links that are mailed, over REST."""

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
    """Answer 200 with the account whose email address this token confirms."""
    user = email_confirmation.confirm_email(read_json(LinkToken).token, request_source())
    return {"user": account_json(user)}


@bp.post("/api/auth/verify/resend")
@policy(personal=True)
def resend_verification() -> Any:
    """202; a new link is on its way, unless one's address is confirmed."""
    verification.resend_verification(caller().id, request_source())
    return "", 202


@bp.post("/api/auth/password/forgot")
@policy(public=True)
def forgot_password() -> Any:
    """202, whether or not somebody has this address."""
    password_reset.request_password_reset(read_json(PasswordResetRequest).email, request_source())
    return "", 202


@bp.post("/api/auth/password/reset")
@policy(public=True)
def reset_password() -> Any:
    """204; the password is the new one, and everything that was signed in isn't any more."""
    new = read_json(PasswordReset)
    remember_device(password_reset.reset_password(new.token, new.password, request_source()))
    return "", 204


@bp.put("/api/users/me/email")
@policy(personal=True)
def change_email() -> Any:
    """202; the address changes once the link that is mailed to it is followed."""
    mine = current_sign_in()
    email_change.request_email_change(mine, read_json(EmailChange), request_source())
    return "", 202
