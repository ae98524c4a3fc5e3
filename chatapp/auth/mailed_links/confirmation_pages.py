"""Pages to confirm an email address with a mailed link.

A GET changes nothing, since mail programs open links before people do; the page's button does.
"""

from __future__ import annotations

from typing import Any

from flask import Response, flash, redirect, request, url_for

from chatapp.auth import bp, verification
from chatapp.auth.mailed_links import email_confirmation
from chatapp.auth.mailed_links.link_page import render_link, render_page
from chatapp.auth.mailed_links.schemas import LinkToken
from chatapp.core.errors import Conflict, RateLimited
from chatapp.security.identity import caller, signed_in
from chatapp.security.request_source import request_source
from chatapp.security.view_policy import policy
from chatapp.web.forms import Form, form_view
from chatapp.web.request_input import read_form


@bp.get("/verify")
@policy(public=True)
def verify_page() -> Any:
    """Ask to confirm the link's address; without a link, show whether it is confirmed."""
    token = request.args.get("token")
    if token is None:
        caller()
        return render_page("auth/verify.html", link=None)
    return render_link("auth/verify.html", token, email_confirmation.find_confirmation_link)


def _refused_verification(form: Form) -> Response:
    return render_page(
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
