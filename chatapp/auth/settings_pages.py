"""The settings: their start page, and the account page with its sections.

A settings page extends ``settings/_layout.html`` and has an entry in that template's menu. The
account page is made of sections. Each section has a function that returns the template's values,
a template ``settings/account/_<name>.html``, and a route that its form posts to:

    @account_section("password")
    def password_section(me: User) -> dict[str, Any]: ...

The template gets the function's values as ``here``, and a refused form as ``form``. The route
is decorated with ``account_form("password")``, which shows the page again when the form is refused;
else it answers with a redirect to /settings/account and a flashed message.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from flask import redirect, render_template, url_for

from chatapp.auth import bp
from chatapp.models import User
from chatapp.security.identity import caller
from chatapp.web.forms import Form, form_view

V = TypeVar("V", bound=Callable[..., Any])
SectionValues = Callable[[User], Mapping[str, Any]]

_sections: dict[str, SectionValues] = {}


def account_section(name: str) -> Callable[[SectionValues], SectionValues]:
    """Add ``settings/account/_<name>.html`` to the account page, below the earlier sections."""

    def register(values: SectionValues) -> SectionValues:
        _sections[name] = values
        return values

    return register


def account_page(refused: Mapping[str, Form] | None = None) -> str:
    """Render the account page; ``refused`` maps a section's name to its refused form."""
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


def account_form(section: str, *, secret: Iterable[str] = ()) -> Callable[[V], V]:
    """Show the account page again, the section with what is wrong, when a view refuses its form."""
    return form_view(lambda form: account_page({section: form}), secret=secret)


@bp.get("/settings")
def settings() -> Any:
    """Redirect to the first settings page."""
    return redirect(url_for("user.profile_settings"), 303)


@bp.get("/settings/account")
def settings_account() -> Any:
    """Show the account page: email, password, linked accounts."""
    return account_page()


@account_section("who")
def _identity_section(_me: User) -> Mapping[str, Any]:
    return {}
