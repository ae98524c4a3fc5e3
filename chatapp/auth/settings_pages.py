"""One's own settings as pages: the frame that they share, and the account with its sections.

A page of settings extends ``settings/_layout.html`` and has an entry in its list of places. What
belongs to the account is a section: a function that gives what its template shows, a template
``settings/account/_<name>.html``, and a route that its form posts to.

    @account_section("password")
    def password_section(me: User) -> dict[str, Any]: ...

The template finds the function's values under ``here``, and under ``form`` what was typed and
refused. The route answers with ``account_page(refused={"password": form})`` when it refuses, else
by a redirect to /settings/account with a word for the person (`flask.flash`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import redirect, render_template, url_for

from chatapp.auth import bp
from chatapp.models import User
from chatapp.security.identity import caller
from chatapp.web.forms import Form

Values = Callable[[User], Mapping[str, Any]]

_sections: dict[str, Values] = {}


def account_section(name: str) -> Callable[[Values], Values]:
    """Show ``settings/account/_<name>.html`` on the account page, below the earlier ones."""

    def register(values: Values) -> Values:
        _sections[name] = values
        return values

    return register


def account_page(refused: Mapping[str, Form] | None = None) -> str:
    """The page with all its sections, some of them with a form that was refused."""
    me = caller()
    forms = refused or {}
    sections = [
        {
            "template": f"settings/account/_{name}.html",
            "here": values(me),
            "form": forms.get(name, Form()),
        }
        for name, values in _sections.items()
    ]
    return render_template("settings/account.html", sections=sections)


@bp.get("/settings")
def settings() -> Any:
    """On to the first page of settings."""
    caller()
    return redirect(url_for("user.profile_settings"), 303)


@bp.get("/settings/account")
def settings_account() -> Any:
    """Address, password and what else makes one's account."""
    caller()
    return account_page()


@account_section("who")
def _who(_me: User) -> Mapping[str, Any]:
    return {}
