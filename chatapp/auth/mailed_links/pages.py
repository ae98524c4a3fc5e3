"""Pages to request mailed links and to follow them.

A GET changes nothing, since mail programs open links before people do; the page's button does. The
pages send no referrer, because their URLs contain a token.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, flash, make_response, redirect, render_template, request, url_for

from chatapp.auth import bp, verification
from chatapp.auth.link_tokens import LINK_USED, Link
from chatapp.auth.mailed_links import email_confirmation, password_reset
from chatapp.auth.mailed_links.schemas import LinkToken, PasswordReset, PasswordResetRequest
from chatapp.auth.signin.browser_session import end_session
from chatapp.core.errors import ChatError, Conflict, RateLimited
from chatapp.security.identity import caller, signed_in
from chatapp.security.request_source import remember_device, request_source
from chatapp.security.view_policy import policy
from chatapp.web.forms import Form, form_view, with_error
from chatapp.web.request_input import read_form


@bp.get("/verify")
@policy(public=True)
def verify_page() -> Any:
    """Ask to confirm the link's address; without a link, show whether it is confirmed."""
    token = request.args.get("token")
    if token is None:
        caller()
        return _page("auth/verify.html", link=None)
    return _link_page("auth/verify.html", token, email_confirmation.find_confirmation_link)


def _refused_verification(form: Form) -> Response:
    return _page(
        "auth/verify.html", form.message, link=None, taken=isinstance(form.cause, Conflict)
    )


@bp.post("/verify")
@policy(public=True)
@form_view(_refused_verification)
def verify_form() -> Any:
    """Confirm the email address that this link was mailed to."""
    email_confirmation.confirm_email(read_form(LinkToken).token, request_source())
    if signed_in():
        return redirect(url_for("auth.verify_page"), 303)
    flash("Your email address is confirmed. Log in to continue.")
    return redirect(url_for("auth.login_page"), 303)


@bp.post("/verify/resend")
@policy(personal=True)
def resend_form() -> Any:
    """Mail a new confirmation link to the caller's address."""
    me = caller()
    if not verification.needs_verification(me):  # already confirmed, say in another tab
        return redirect(url_for("auth.verify_page"), 303)
    try:
        verification.resend_verification(me.id, request_source())
    except RateLimited as exc:
        flash(exc.message, "problem")
    else:
        flash("A new email is on its way. Only the link in the latest one works.")
    return redirect(url_for("auth.verify_page"), 303)


@bp.get("/forgot")
@policy(public=True)
def forgot_page() -> Any:
    """Show the form that requests a reset link."""
    return _page("auth/forgot.html", form=Form(), sent="sent" in request.args)


def _refused_request(form: Form) -> Response:
    return _page("auth/forgot.html", form.message, form=form, sent=False)


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
    return _link_page("auth/reset.html", token, password_reset.find_reset_link, form=form)


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


def _link_page(
    template: str, token: str, find_link: Callable[[str], Link], **values: Any
) -> Response:
    """Render the page of a link, or why the link can't be used."""
    try:
        link = find_link(token)
    except ChatError as exc:
        return with_error(_page(template, exc.message, link=None, **values), exc)
    return _page(template, link=link.verification, token=token, **values)


def _page(template: str, problem: str | None = None, **values: Any) -> Response:
    html = render_template(template, problem=problem, used=problem == LINK_USED, **values)
    page = make_response(html)
    page.headers["Referrer-Policy"] = "no-referrer"
    return page
