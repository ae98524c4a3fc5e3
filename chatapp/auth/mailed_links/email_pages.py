"""One's address, as a section of the account's page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import flash, redirect, url_for
from pydantic import ValidationError

from chatapp.auth import bp
from chatapp.auth.mailed_links import email_change
from chatapp.auth.schemas import EmailChange
from chatapp.auth.settings_pages import account_page, account_section
from chatapp.core.errors import ChatError, describe
from chatapp.models import User
from chatapp.security.identity import current_sign_in
from chatapp.security.request_source import request_source
from chatapp.web.forms import refused, waiting
from chatapp.web.request_input import read_form


@account_section("email")
def _email(me: User) -> Mapping[str, Any]:
    return {
        "has_password": me.password_hash is not None,
        "asked_for": email_change.asked_for(me.id),
    }


@bp.post("/settings/account/email")
def change_email_page() -> Any:
    """Mail a link to another address; it is one's own once that is followed."""
    mine = current_sign_in()
    try:
        wanted = read_form(EmailChange)
        email_change.ask_for(mine, wanted, request_source())
    except (ChatError, ValidationError) as exc:
        error = describe(exc)
        form = refused(error, secret=["password"])
        return account_page(refused={"email": form}), error.status, waiting(error)
    flash(f"We’ve sent a mail to {wanted.email}. Your address changes once you open its link.")
    return redirect(url_for("auth.settings_account"), 303)
