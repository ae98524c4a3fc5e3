"""Accounts as pages."""

from __future__ import annotations

from typing import Any

from flask import redirect, render_template, request, url_for
from pydantic import ValidationError

from chatapp.auth import bp, invitations, service
from chatapp.auth.oidc import provider
from chatapp.auth.schemas import Credentials, SelfRegistration
from chatapp.auth.signin.browser_session import sign_in, sign_out
from chatapp.core.errors import ChatError, Forbidden, RateLimited, describe
from chatapp.security.identity import signed_in
from chatapp.security.request_source import request_source
from chatapp.security.view_policy import policy
from chatapp.web.forms import Form, refused, waiting
from chatapp.web.next_redirect import safe_next
from chatapp.web.request_input import read_form


@bp.get("/login")
@policy(public=True)
def login_page() -> Any:
    """The form to sign in with."""
    if signed_in():
        return redirect(safe_next(request.args.get("next")), 303)
    return _form_page("auth/login.html", Form())


@bp.post("/login")
@policy(public=True)
def login_form() -> Any:
    """Sign in, and on to where one wanted to go."""
    try:
        proven = service.log_in(read_form(Credentials), request_source())
        sign_in(proven.user, proven.password_hash)
    except (ChatError, ValidationError) as exc:
        return _refused_page("auth/login.html", exc)
    return redirect(safe_next(request.form.get("next")), 303)


@bp.get("/register")
@policy(public=True)
def register_page() -> Any:
    """The form to make an account with, or why one can't."""
    if signed_in():
        return redirect(url_for("chat.home"), 303)
    try:
        invitation = invitations.find_invitation(request.args.get("invitation"), request_source())
    except (Forbidden, RateLimited) as exc:
        return _shut_page(exc)
    email = invitation.email if invitation else None
    return _form_page("auth/register.html", Form({"email": email} if email else {}))


@bp.post("/register")
@policy(public=True)
def register_form() -> Any:
    """Make the account and sign in."""
    try:
        user = service.register(read_form(SelfRegistration), request_source())
    except Forbidden as exc:
        return _shut_page(exc)
    except (ChatError, ValidationError) as exc:
        return _refused_page("auth/register.html", exc)
    sign_in(user)
    return redirect(safe_next(request.form.get("next")), 303)


@bp.post("/logout")
@policy(public=True)
def logout_page() -> Any:
    """Sign out of this browser."""
    sign_out()
    return redirect(url_for("chat.home"), 303)


def login_form_with(error: ChatError) -> tuple[str, int, dict[str, str]]:
    """The form to sign in with, above it why another way has failed."""
    return _form_page("auth/login.html", Form(error=error.message)), error.status, waiting(error)


def _form_page(template: str, form: Form) -> str:
    return render_template(
        template,
        form=form,
        next=request.values.get("next", ""),
        provider=provider.provider_name(),
        invitation=request.values.get("invitation", ""),
    )


def _shut_page(exc: ChatError) -> Any:
    return render_template("auth/shut.html", message=exc.message), exc.status


def _refused_page(template: str, exc: Exception) -> Any:
    """The form once more, with what was wrong, and when to come back."""
    error = describe(exc)
    page = _form_page(template, refused(error, secret=["password"]))
    return page, error.status, waiting(error)
