"""Settings pages for sign-ins and for the password."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, url_for

from chatapp.auth import bp, sign_ins
from chatapp.auth.schemas import PasswordChange
from chatapp.auth.settings_pages import account_form, account_section
from chatapp.auth.sign_in_presenters import sign_in_json
from chatapp.auth.signin import password_change
from chatapp.auth.signin.browser_session import end_session, rotate_session_id
from chatapp.auth.signin.device_names import device_name
from chatapp.core.paging import PageQuery
from chatapp.models import User
from chatapp.security.identity import caller, current_sign_in
from chatapp.security.view_policy import policy
from chatapp.web.request_input import read_form, read_query


@bp.get("/settings/sessions")
def settings_sessions() -> Any:
    """List the browsers and apps in which the caller is signed in."""
    current = current_sign_in()
    page = sign_ins.list_sign_ins(current.user_id, read_query(PageQuery))
    items = [
        {**sign_in_json(sign_in, current.id), "device": device_name(sign_in.user_agent)}
        for sign_in in page.items
    ]
    return render_template("settings/sessions.html", items=items, next_cursor=page.next_cursor)


@bp.post("/settings/sessions/<uuid:sign_in_id>/end")
@policy(personal=True)
def end_sign_in_page(sign_in_id: UUID) -> Any:
    """End a sign-in; log out if it is this one."""
    current = current_sign_in()
    if str(sign_in_id) == current.id:
        end_session()
        return redirect(url_for("chat.home"), 303)
    sign_ins.end_sign_in(current.user_id, str(sign_in_id))
    flash("Signed out on that device.")
    return redirect(url_for("auth.settings_sessions"), 303)


@bp.post("/settings/sessions/end")
@policy(personal=True)
def end_other_sign_ins_page() -> Any:
    """End all other sign-ins."""
    current = current_sign_in()
    sign_ins.end_all_sign_ins(current.user_id, except_id=current.id)
    flash("Signed out everywhere else.")
    return redirect(url_for("auth.settings_sessions"), 303)


@account_section("password")
def _password_section(me: User) -> Mapping[str, Any]:
    return {"has_password": me.password_hash is not None}


@bp.post("/settings/account/password")
@policy(personal=True)
@account_form("password", secret=["password", "current_password"])
def change_password_page() -> Any:
    """Change the password and end all other sign-ins."""
    had_password = caller().password_hash is not None
    password_change.change_password(current_sign_in(), read_form(PasswordChange))
    rotate_session_id()
    done = "changed" if had_password else "set, so you can log in with it too"
    flash(f"Your password has been {done}. You’ve been signed out everywhere else.")
    return redirect(url_for("auth.settings_account"), 303)
