"""Settings pages to download the caller's data, and to deactivate or delete the account."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, send_file, url_for

from chatapp.auth.schemas import PasswordConfirmation
from chatapp.auth.signin.browser_session import end_session
from chatapp.core.db import now
from chatapp.core.errors import ValidationFailed
from chatapp.security.identity import caller, current_sign_in
from chatapp.user import account_deletion, bp
from chatapp.user.export import export
from chatapp.web.forms import Form, form_view
from chatapp.web.request_input import read_form


@bp.get("/settings/data")
def data_page() -> Any:
    """Show the page about the caller's data and account."""
    return _data_page()


def _data_page(**forms: Form) -> str:
    return render_template(
        "settings/data.html",
        has_password=caller().password_hash is not None,
        deactivate=forms.get("deactivate", Form()),
        delete=forms.get("delete", Form()),
    )


@bp.get("/settings/data/download")
def download_page() -> Any:
    """Download the caller's data as a ZIP."""
    return download()


@bp.post("/settings/data/deactivate")
@form_view(lambda form: _data_page(deactivate=form), secret=["password"])
def deactivate_form() -> Any:
    """Deactivate the caller's account until an administrator reactivates it."""
    password = read_form(PasswordConfirmation).password
    account_deletion.deactivate_own_account(current_sign_in(), password)
    return _sign_out("Your account has been deactivated.")


@bp.post("/settings/data/delete")
@form_view(lambda form: _data_page(delete=form), secret=["password"])
def delete_form() -> Any:
    """Delete the caller's account."""
    if request.form.get("sure") != "yes":
        raise ValidationFailed("Confirm that you know this can't be undone.")
    password = read_form(PasswordConfirmation).password
    account_deletion.delete_own_account(current_sign_in(), password)
    return _sign_out("Your account has been deleted.")


def download() -> Any:
    """Answer with the caller's data as a ZIP, for the page and the REST call."""
    me = caller()
    name = f"chatapp-{me.username}-{now():%Y-%m-%d}.zip"
    file = export(me, current_sign_in().id)
    response = send_file(file, "application/zip", as_attachment=True, download_name=name)
    response.headers["Cache-Control"] = "no-store"
    return response


def _sign_out(message: str) -> Any:
    end_session()
    flash(message)
    return redirect(url_for("auth.login_page"), 303)
