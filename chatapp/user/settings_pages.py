"""Settings pages for the profile and for privacy."""

from __future__ import annotations

from typing import Any

from flask import current_app, flash, redirect, render_template, url_for

from chatapp.core.paging import PageQuery
from chatapp.security.identity import caller
from chatapp.user import bp, relationship_queries, service
from chatapp.user.schemas import PrivacyForm, ProfilePatch
from chatapp.web.forms import Form, form_view
from chatapp.web.request_input import read_form, read_query
from config import Settings

_FIELDS = ("name", "username", "description", "resume_link", "role", "phone_number")


@bp.get("/settings/profile")
def profile_settings() -> Any:
    """Show the form for the caller's profile."""
    me = caller()
    return _profile_page(Form({name: getattr(me, name) or "" for name in _FIELDS}))


def _profile_page(form: Form) -> str:
    settings: Settings = current_app.config["SETTINGS"]
    return render_template("settings/profile.html", form=form, roles=settings.user_roles)


@bp.post("/settings/profile")
@form_view(_profile_page)
def profile_form() -> Any:
    """Change the profile; fields that the form doesn't have stay."""
    service.update_profile(caller().id, read_form(ProfilePatch))
    flash("Your profile has been saved.")
    return redirect(url_for("user.profile_settings"), 303)


@bp.get("/settings/privacy")
def privacy_settings() -> Any:
    """Show the privacy settings and the blocked people."""
    blocked = relationship_queries.list_blocked(caller().id, read_query(PageQuery))
    return render_template("settings/privacy.html", blocked=blocked)


@bp.post("/settings/privacy")
def privacy_form() -> Any:
    """Hide what is checked, show the rest."""
    form = read_form(PrivacyForm)
    service.update_profile(caller().id, ProfilePatch.model_validate(form.model_dump()))
    flash("Saved.")
    return redirect(url_for("user.privacy_settings"), 303)
