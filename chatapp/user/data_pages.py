"""One's own data as pages: download it, leave for a while, leave for good."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import flash, redirect, render_template, request, send_file, url_for
from pydantic import ValidationError

from chatapp.auth.schemas import PasswordConfirmation
from chatapp.auth.signin.browser_session import sign_out
from chatapp.core.db import now
from chatapp.core.errors import ChatError, ValidationFailed, describe
from chatapp.models import SignIn
from chatapp.security.identity import caller, current_sign_in
from chatapp.user import account_deletion, bp
from chatapp.user.export import export
from chatapp.web.forms import Form, refused, waiting
from chatapp.web.request_input import read_form


@bp.get("/settings/data")
def data_page() -> Any:
    """What one can do with one's data and account."""
    caller()
    return _data_page({})


@bp.get("/settings/data/download")
def download_page() -> Any:
    """A ZIP of one's own data."""
    return download()


@bp.post("/settings/data/deactivate")
def deactivate_form() -> Any:
    """Leave for a while: signed out everywhere, until an administrator lifts it."""
    return _leave(
        "deactivate", account_deletion.deactivate_own_account, "Your account is deactivated."
    )


@bp.post("/settings/data/delete")
def delete_form() -> Any:
    """Leave for good."""
    return _leave("delete", account_deletion.delete_own_account, "Your account is deleted.")


def download() -> Any:
    """The answer that carries one's data, for pages and REST alike."""
    me = caller()
    name = f"chatapp-{me.username}-{now():%Y-%m-%d}.zip"
    file = export(me, current_sign_in().id)
    answer = send_file(file, "application/zip", as_attachment=True, download_name=name)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _leave(which: str, leave: Callable[[SignIn, str | None], None], words: str) -> Any:
    mine = current_sign_in()
    try:
        if which == "delete" and request.form.get("sure") != "yes":
            raise ValidationFailed("Say that you know that this can't be undone.")
        leave(mine, read_form(PasswordConfirmation).password)
    except (ChatError, ValidationError) as exc:
        error = describe(exc)
        return (
            _data_page({which: refused(error, secret=["password"])}),
            error.status,
            waiting(error),
        )
    sign_out()
    flash(words)
    return redirect(url_for("auth.login_page"), 303)


def _data_page(forms: dict[str, Form]) -> str:
    return render_template(
        "settings/data.html",
        has_password=caller().password_hash is not None,
        deactivate=forms.get("deactivate", Form()),
        delete=forms.get("delete", Form()),
    )
