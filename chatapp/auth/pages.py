"""Pages to register, log in and log out."""

from __future__ import annotations

from typing import Any

from flask import redirect, request, url_for

from chatapp.auth import bp, invitations, service
from chatapp.auth.authentication import authenticate
from chatapp.auth.login_form import (
    render_login_form,
    render_registration_closed,
    render_registration_form,
)
from chatapp.auth.schemas import Credentials, SelfRegistration
from chatapp.auth.signin.browser_session import end_session, start_session
from chatapp.core.errors import Forbidden, RateLimited, Unavailable
from chatapp.security.identity import signed_in
from chatapp.security.request_source import request_source
from chatapp.security.view_policy import policy
from chatapp.web.forms import Form, form_view, with_error
from chatapp.web.next_redirect import safe_next
from chatapp.web.request_input import read_form


@bp.get("/login")
@policy(public=True)
def login_page() -> Any:
    """Show the login form."""
    if signed_in():
        return redirect(safe_next(request.args.get("next")), 303)
    return render_login_form(Form())


@bp.post("/login")
@policy(public=True)
@form_view(render_login_form, secret=["password"])
def login_form() -> Any:
    """Log in, then redirect to ``next``."""
    authenticate(
        read_form(Credentials),
        request_source(),
        lambda authenticated: start_session(authenticated.user, authenticated.password_hash),
    )
    return redirect(safe_next(request.form.get("next")), 303)


@bp.get("/register")
@policy(public=True)
def register_page() -> Any:
    """Show the registration form, or why the person may not register."""
    if signed_in():
        return redirect(url_for("chat.home"), 303)
    try:
        invitation = invitations.find_invitation(request.args.get("invitation"), request_source())
    except (Forbidden, RateLimited) as exc:
        return with_error(render_registration_closed(exc), exc)
    email = invitation.email if invitation else None
    return render_registration_form(Form({"email": email} if email else {}))


@bp.post("/register")
@policy(public=True)
@form_view(render_registration_form, secret=["password"], unless=(Unavailable,))
def register_form() -> Any:
    """Register and log in."""
    user = service.register(read_form(SelfRegistration), request_source())
    start_session(user)
    return redirect(safe_next(request.form.get("next")), 303)


@bp.post("/logout")
@policy(public=True)
def logout_form() -> Any:
    """Log out of this browser."""
    end_session()
    return redirect(url_for("chat.home"), 303)
