"""The page on which somebody becomes this server's first administrator."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, url_for
from pydantic import ValidationError

from chatapp.auth import bp
from chatapp.auth.admin import first_run
from chatapp.auth.admin.schemas import SetupCode
from chatapp.auth.schemas import Registration
from chatapp.auth.signin.browser_session import sign_in
from chatapp.core.errors import ChatError, NotFound, describe
from chatapp.security.identity import signed_in
from chatapp.security.request_source import request_source
from chatapp.security.view_policy import policy
from chatapp.web.forms import Form, refused, waiting
from chatapp.web.request_input import read_form


@bp.get("/setup")
@policy(public=True)
def setup_page() -> Any:
    """The form for the code; for who isn't signed in, with an account to make."""
    if not first_run.is_setup_open():
        raise NotFound(first_run.ALREADY_SET_UP)
    return render_template("auth/setup.html", form=Form())


@bp.post("/setup")
@policy(public=True)
def setup_form() -> Any:
    """Become the administrator, under a new session id: one's rights have changed."""
    user = signed_in()
    try:
        code = read_form(SetupCode).code
        if user is not None:
            first_run.promote_to_administrator(user.id, code, request_source())
        else:
            new = read_form(Registration)
            user = first_run.register_administrator(new, code, request_source())
    except NotFound:
        raise
    except (ChatError, ValidationError) as exc:
        error = describe(exc)
        form = refused(error, secret=["password"])
        return render_template("auth/setup.html", form=form), error.status, waiting(error)
    sign_in(user)
    flash("You are the administrator of this server now.")
    return redirect(url_for("auth.invitations_page"), 303)
