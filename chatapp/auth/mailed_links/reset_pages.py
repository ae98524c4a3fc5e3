"""Pages to set a new password with a mailed link.

A GET changes nothing, since mail programs open links before people do; the page's button does.
"""

from __future__ import annotations

from typing import Any

from flask import Response, flash, redirect, request, url_for

from chatapp.auth import bp
from chatapp.auth.mailed_links import password_reset
from chatapp.auth.mailed_links.link_page import render_link, render_page
from chatapp.auth.mailed_links.schemas import PasswordReset, PasswordResetRequest
from chatapp.auth.signin.browser_session import end_session
from chatapp.security.request_source import remember_device, request_source
from chatapp.security.view_policy import policy
from chatapp.web.forms import Form, form_view
from chatapp.web.request_input import read_form


@bp.get("/forgot")
@policy(public=True)
def forgot_page() -> Any:
    """Show the form that requests a reset link."""
    return render_page("auth/forgot.html", form=Form(), sent="sent" in request.args)


def _refused_request(form: Form) -> Response:
    return render_page("auth/forgot.html", form.message, form=form, sent=False)


@bp.post("/forgot")
@policy(public=True)
@form_view(_refused_request)
def forgot_form() -> Any:
    """Mail a reset link if an account has this address; the answer never tells."""
    email = read_form(PasswordResetRequest).email
    password_reset.request_password_reset(email, request_source())
    return redirect(url_for("auth.forgot_page", sent=1), 303)


@bp.get("/reset")
@policy(public=True)
def reset_page() -> Any:
    """Show the form for a new password."""
    return _reset_page(Form())


def _reset_page(form: Form) -> Response:
    token = request.values.get("token", "")
    return render_link("auth/reset.html", token, password_reset.find_reset_link, form=form)


@bp.post("/reset")
@policy(public=True)
@form_view(_reset_page, secret=["password", "token"])
def reset_form() -> Any:
    """Set the new password and sign out everywhere, here too."""
    reset = read_form(PasswordReset)
    user_id = password_reset.reset_password(reset.token, reset.password, request_source())
    end_session()
    remember_device(user_id)
    flash("Your password has been changed. Log in with the new one.")
    return redirect(url_for("auth.login_page"), 303)
