"""One's address, as a section of the account's page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import flash, redirect, url_for
from pydantic import ValidationError

from chatapp.auth import bp
from chatapp.auth.mailed_links import email_change
from chatapp.auth.mailed_links.schemas import EmailChange
from chatapp.auth.settings_pages import account_page, account_section
from chatapp.core.errors import ChatError, describe
from chatapp.models import User
from chatapp.security.identity import current_sign_in
from chatapp.security.request_source import request_source
from chatapp.security.view_policy import policy
from chatapp.web.forms import refused, waiting
from chatapp.web.request_input import read_form


@account_section("email")
def _email(me: User) -> Mapping[str, Any]:
    return {
        "has_password": me.password_hash is not None,
        "asked_for": email_change.pending_email(me.id),
    }


@bp.post("/settings/account/email")
@policy(personal=True)
def change_email_page() -> Any:
    """Mail a link to another address; it is one's own once that is followed."""
    mine = current_sign_in()
    try:
        wanted = read_form(EmailChange)
        email_change.request_email_change(mine, wanted, request_source())
    except (ChatError, ValidationError) as exc:
        error = describe(exc)
        form = refused(error, secret=["password"])
        return account_page(refused={"email": form}), error.status, waiting(error)
    flash(f"We’ve sent an email to {wanted.email}. Open the link in it to change your address.")
    return redirect(url_for("auth.settings_account"), 303)
