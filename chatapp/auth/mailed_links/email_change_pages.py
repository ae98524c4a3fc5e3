"""The account page's section to change the email address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import flash, redirect, url_for

from chatapp.auth import bp
from chatapp.auth.mailed_links import email_change
from chatapp.auth.mailed_links.schemas import EmailChange
from chatapp.auth.settings_pages import account_form, account_section
from chatapp.models import User
from chatapp.security.identity import current_sign_in
from chatapp.security.request_source import request_source
from chatapp.security.view_policy import policy
from chatapp.web.request_input import read_form


@account_section("email")
def _email_section(me: User) -> Mapping[str, Any]:
    return {
        "has_password": me.password_hash is not None,
        "asked_for": email_change.pending_email(me.id),
    }


@bp.post("/settings/account/email")
@policy(personal=True)
@account_form("email", secret=["password"])
def change_email_page() -> Any:
    """Mail a link to the new address, which changes the account when followed."""
    change = read_form(EmailChange)
    email_change.request_email_change(current_sign_in(), change, request_source())
    flash(f"We’ve sent an email to {change.email}. Open the link in it to change your address.")
    return redirect(url_for("auth.settings_account"), 303)
