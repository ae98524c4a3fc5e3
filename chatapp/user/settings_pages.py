"""One's profile, what one hides of oneself, and one's blocks among the settings."""

from __future__ import annotations

from typing import Any

from flask import current_app, flash, redirect, render_template, url_for
from pydantic import ValidationError

from chatapp.core.errors import ChatError, describe
from chatapp.core.paging import PageQuery
from chatapp.security.identity import caller
from chatapp.user import bp, queries, service
from chatapp.user.schemas import PrivacyForm, ProfilePatch
from chatapp.web.forms import Form, refused, waiting
from chatapp.web.request_input import read_form, read_query
from config import Settings

_FIELDS = ("name", "username", "description", "resume_link", "role", "phone_number")


@bp.get("/settings/profile")
def profile_settings() -> Any:
    """What one says of oneself."""
    me = caller()
    return _profile_page(Form({name: getattr(me, name) or "" for name in _FIELDS}))


@bp.post("/settings/profile")
def profile_form() -> Any:
    """Say something else; what isn't in the form stays."""
    me = caller()
    try:
        service.update_profile(me.id, read_form(ProfilePatch))
    except (ChatError, ValidationError) as exc:
        error = describe(exc)
        return _profile_page(refused(error)), error.status, waiting(error)
    flash("Your profile is saved.")
    return redirect(url_for("user.profile_settings"), 303)


@bp.get("/settings/privacy")
def privacy_settings() -> Any:
    """What one hides of oneself, and whom one blocks."""
    blocked = queries.list_blocked(caller().id, read_query(PageQuery))
    return render_template("settings/privacy.html", blocked=blocked)


@bp.post("/settings/privacy")
def privacy_form() -> Any:
    """What is ticked is hidden from now on, the rest isn't."""
    me, hidden = caller(), read_form(PrivacyForm)
    service.update_profile(me.id, ProfilePatch.model_validate(hidden.model_dump()))
    flash("Saved.")
    return redirect(url_for("user.privacy_settings"), 303)


def _profile_page(form: Form) -> str:
    settings: Settings = current_app.config["SETTINGS"]
    return render_template("settings/profile.html", form=form, roles=settings.user_roles)
