"""Render the forms for logging in and registering, which several doors show."""

from __future__ import annotations

from flask import Response, current_app, render_template, request

from chatapp.core.errors import ChatError, Forbidden
from chatapp.web.forms import Form, with_error
from config import Settings


def render_login_form(form: Form) -> str:
    """Render the login form."""
    return _render("auth/login.html", form)


def login_error_page(error: ChatError) -> Response:
    """Answer with the login form and why signing in in another way has failed."""
    return with_error(render_login_form(Form(error=error.message)), error)


def render_registration_form(form: Form) -> str:
    """Render the registration form, or why the person may not register."""
    if isinstance(form.cause, Forbidden):
        return render_registration_closed(form.cause)
    return _render("auth/register.html", form)


def render_registration_closed(error: ChatError) -> str:
    """Render the page that says why the person may not register."""
    return render_template("auth/registration_closed.html", message=error.message)


def _render(template: str, form: Form) -> str:
    settings: Settings = current_app.config["SETTINGS"]
    return render_template(
        template,
        form=form,
        next=request.values.get("next", ""),
        provider=settings.sign_in_provider,
        invitation=request.values.get("invitation", ""),
    )
