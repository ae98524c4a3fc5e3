"""Where links in mails lead, and where they are asked for.

A GET changes nothing, since mail programs look at links before people do: what a link is for
happens when its page's button is pressed. The pages have a token in their address, so they send
no referrer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import flash, make_response, redirect, render_template, request, url_for
from pydantic import ValidationError

from chatapp.auth import bp, verification
from chatapp.auth.link_tokens import LINK_USED, Link
from chatapp.auth.mailed_links import email_confirmation, password_reset
from chatapp.auth.mailed_links.schemas import LinkToken, PasswordReset, PasswordResetRequest
from chatapp.auth.signin.browser_session import sign_out
from chatapp.core.errors import ChatError, Conflict, RateLimited, describe
from chatapp.security.identity import caller, signed_in
from chatapp.security.request_source import remember_device, request_source
from chatapp.security.view_policy import policy
from chatapp.web.forms import Form, refused, waiting
from chatapp.web.request_input import read_form


@bp.get("/verify")
@policy(public=True)
def verify_page() -> Any:
    """What a link is about to confirm; without one, how it stands with one's address."""
    token = request.args.get("token")
    if token is None:
        caller()
        return _page("auth/verify.html", link=None)
    return _link_page("auth/verify.html", token, email_confirmation.find_confirmation_link)


@bp.post("/verify")
@policy(public=True)
def verify_form() -> Any:
    """Confirm the address that this link was mailed to."""
    try:
        email_confirmation.confirm_email(read_form(LinkToken).token, request_source())
    except (ChatError, ValidationError) as exc:
        error = describe(exc)
        taken = isinstance(error, Conflict)
        return _page("auth/verify.html", error, link=None, taken=taken)
    if signed_in():
        return redirect(url_for("auth.verify_page"), 303)
    flash("Your email address is confirmed. Log in to continue.")
    return redirect(url_for("auth.login_page"), 303)


@bp.post("/verify/resend")
@policy(personal=True)
def resend_form() -> Any:
    """Mail a new link to one's own address."""
    me = caller()
    if not verification.needs_verification(me):  # already confirmed, say in another tab
        return redirect(url_for("auth.verify_page"), 303)
    try:
        verification.resend_verification(me.id, request_source())
    except RateLimited as exc:
        flash(exc.message, "problem")
    else:
        flash("A new mail is on its way. Only the link in the newest one works.")
    return redirect(url_for("auth.verify_page"), 303)


@bp.get("/forgot")
@policy(public=True)
def forgot_page() -> Any:
    """The form to ask for a link with."""
    return _page("auth/forgot.html", form=Form(), sent="sent" in request.args)


@bp.post("/forgot")
@policy(public=True)
def forgot_form() -> Any:
    """Mail a link, if somebody has this address; the answer is the same where nobody has."""
    try:
        email = read_form(PasswordResetRequest).email
        password_reset.request_password_reset(email, request_source())
    except (ChatError, ValidationError) as exc:
        error = describe(exc)
        return _page("auth/forgot.html", error, form=refused(error), sent=False)
    return redirect(url_for("auth.forgot_page", sent=1), 303)


@bp.get("/reset")
@policy(public=True)
def reset_page() -> Any:
    """The form to choose a new password with."""
    token = request.args.get("token", "")
    return _link_page("auth/reset.html", token, password_reset.find_reset_link, form=Form())


@bp.post("/reset")
@policy(public=True)
def reset_form() -> Any:
    """The new password is set, and every browser signed out, this one too."""
    token = request.form.get("token", "")
    try:
        new = read_form(PasswordReset)
        user_id = password_reset.reset_password(new.token, new.password, request_source())
    except (ChatError, ValidationError) as exc:
        error = describe(exc)
        form = refused(error, secret=["password", "token"])
        page = _link_page("auth/reset.html", token, password_reset.find_reset_link, form=form)
        page.status_code = error.status
        page.headers.update(waiting(error))
        return page
    sign_out()
    remember_device(user_id)
    flash("Your password is changed. Log in with the new one.")
    return redirect(url_for("auth.login_page"), 303)


def _link_page(template: str, token: str, read: Callable[[str], Link], **values: Any) -> Any:
    """The page of a link that can be used, or that says why it can't."""
    try:
        link = read(token)
    except ChatError as exc:
        return _page(template, exc, link=None, **values)
    return _page(template, link=link.verification, token=token, **values)


def _page(template: str, error: ChatError | None = None, **values: Any) -> Any:
    problem = error.message if error else None
    shown = render_template(template, problem=problem, used=problem == LINK_USED, **values)
    page = make_response(shown, error.status if error else 200)
    page.headers["Referrer-Policy"] = "no-referrer"
    page.headers.update(waiting(error) if error else {})
    return page
