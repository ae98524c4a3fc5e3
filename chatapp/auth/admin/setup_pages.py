"""The page on which a person becomes this server's first administrator."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, url_for

from chatapp.auth import bp
from chatapp.auth.admin import first_run
from chatapp.auth.admin.schemas import SetupCode
from chatapp.auth.schemas import Registration
from chatapp.auth.signin.browser_session import start_session
from chatapp.core.errors import NotFound, Unavailable
from chatapp.security.identity import signed_in
from chatapp.security.request_source import request_source
from chatapp.security.view_policy import policy
from chatapp.web.forms import Form, form_view
from chatapp.web.request_input import read_form


@bp.get("/setup")
@policy(public=True)
def setup_page() -> Any:
    """Show the form for the setup code, with registration fields unless the person is signed in."""
    if not first_run.is_setup_open():
        raise NotFound(first_run.ALREADY_SET_UP)
    return _setup_page(Form())


def _setup_page(form: Form) -> str:
    return render_template("auth/setup.html", form=form)


@bp.post("/setup")
@policy(public=True)
@form_view(_setup_page, secret=["password"], unless=(NotFound, Unavailable))
def setup_form() -> Any:
    """Make the caller the administrator, with a new session id since the role has changed."""
    user = signed_in()
    code = read_form(SetupCode).code
    if user is not None:
        first_run.promote_to_administrator(user.id, code, request_source())
    else:
        user = first_run.register_administrator(read_form(Registration), code, request_source())
    start_session(user)
    flash("You are now the administrator of this server.")
    return redirect(url_for("auth.invitations_page"), 303)
