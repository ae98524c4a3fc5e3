"""Links that are mailed, over REST."""

from __future__ import annotations

from typing import Any

from chatapp.auth import bp
from chatapp.auth.mailed_links import confirmation, email_change, password_reset, verification
from chatapp.auth.presenters import account_json
from chatapp.auth.schemas import EmailChange, Forgotten, LinkToken, NewPassword
from chatapp.security.identity import caller, current_sign_in, public
from chatapp.security.request_source import remember_device, request_source
from chatapp.security.scopes import personal
from chatapp.web.request_input import read_json


@bp.post("/api/auth/verify")
@public
def verify() -> Any:
    """200 with the account whose address is confirmed by this token."""
    return {
        "user": account_json(confirmation.confirm(read_json(LinkToken).token, request_source()))
    }


@bp.post("/api/auth/verify/resend")
@personal
def resend_verification() -> Any:
    """202; a new link is on its way, unless one's address is confirmed."""
    verification.resend_verification(caller().id, request_source())
    return "", 202


@bp.post("/api/auth/password/forgot")
@public
def forgot_password() -> Any:
    """202, whether or not somebody has this address."""
    password_reset.forgot_password(read_json(Forgotten).email, request_source())
    return "", 202


@bp.post("/api/auth/password/reset")
@public
def reset_password() -> Any:
    """204; the password is the new one, and everything that was signed in isn't any more."""
    new = read_json(NewPassword)
    remember_device(password_reset.reset_password(new.token, new.password, request_source()))
    return "", 204


@bp.put("/api/users/me/email")
@personal
def change_email() -> Any:
    """202; the address changes once the link that is mailed to it is followed."""
    mine = current_sign_in()
    email_change.ask_for(mine, read_json(EmailChange), request_source())
    return "", 202
