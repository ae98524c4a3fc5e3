"""Where one is signed in, and one's password, as pages of the settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, url_for
from pydantic import ValidationError

from chatapp.auth import bp, sign_ins
from chatapp.auth.presenters import sign_in_json
from chatapp.auth.schemas import PasswordChange
from chatapp.auth.settings_pages import account_page, account_section
from chatapp.auth.signin import password_change
from chatapp.auth.signin.browser_session import renew, sign_out
from chatapp.auth.signin.device_names import device_name
from chatapp.core.errors import ChatError, describe
from chatapp.core.paging import PageQuery
from chatapp.models import User
from chatapp.security.identity import caller, current_sign_in
from chatapp.security.view_policy import policy
from chatapp.web.forms import Form, refused, waiting
from chatapp.web.request_input import read_form, read_query


@bp.get("/settings/sessions")
def settings_sessions() -> Any:
    """Where one is signed in, to look through and to end."""
    mine = current_sign_in()
    page = sign_ins.listing(mine.user_id, read_query(PageQuery))
    items = [
        {**sign_in_json(sign_in, mine.id), "device": device_name(sign_in.user_agent)}
        for sign_in in page.items
    ]
    return render_template("settings/sessions.html", items=items, next_cursor=page.next_cursor)


@bp.post("/settings/sessions/<uuid:sign_in_id>/end")
@policy(personal=True)
def end_sign_in_page(sign_in_id: UUID) -> Any:
    """Sign out there; here it is logging out."""
    mine = current_sign_in()
    if str(sign_in_id) == mine.id:
        sign_out()
        return redirect(url_for("chat.home"), 303)
    sign_ins.end(mine.user_id, str(sign_in_id))
    flash("Signed out there.")
    return redirect(url_for("auth.settings_sessions"), 303)


@bp.post("/settings/sessions/end")
@policy(personal=True)
def end_other_sign_ins_page() -> Any:
    """Sign out everywhere but here."""
    mine = current_sign_in()
    sign_ins.end_all(mine.user_id, but=mine.id)
    flash("Signed out everywhere but here.")
    return redirect(url_for("auth.settings_sessions"), 303)


@account_section("password")
def _password(me: User) -> Mapping[str, Any]:
    return {"has_password": me.password_hash is not None}


@bp.post("/settings/account/password")
@policy(personal=True)
def change_password_page() -> Any:
    """Change one's password; who is signed in elsewhere is so no more."""
    mine, first = current_sign_in(), caller().password_hash is None
    try:
        password_change.change_password(mine, read_form(PasswordChange))
    except (ChatError, ValidationError) as exc:
        error = describe(exc)
        form: Form = refused(error, secret=["password", "current_password"])
        return account_page(refused={"password": form}), error.status, waiting(error)
    renew()
    words = "set: you can log in with it, too" if first else "changed"
    flash(f"Your password is {words}. You are signed out everywhere but here.")
    return redirect(url_for("auth.settings_account"), 303)
