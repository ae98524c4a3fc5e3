"""Settings page for the appearance: mode, accent, theme, and what Enter does."""

from __future__ import annotations

from typing import Any

from flask import current_app, flash, redirect, render_template, request, url_for

from chatapp.security.identity import caller
from chatapp.user import bp, service
from chatapp.user.schemas import ProfilePatch
from chatapp.web import accent
from chatapp.web.forms import Form, form_view
from config import Settings

#: The profile fields that the form changes.
_FIELDS = ("theme_mode", "theme_color", "theme", "enter_sends", "background_image")


@bp.get("/settings/appearance")
def appearance_page() -> Any:
    """Show the current choices."""
    return _appearance_page(Form())


def _appearance_page(form: Form) -> str:
    settings: Settings = current_app.config["SETTINGS"]
    palette = [(color, name, accent.css(color)) for color, name in accent.PALETTE.items()]
    return render_template(
        "settings/appearance.html",
        form=form,
        palette=palette,
        themes=settings.themes,
        default_theme=settings.default_theme,
    )


@bp.post("/settings/appearance")
@form_view(_appearance_page)
def appearance_form() -> Any:
    """Save the choices; the page then shows them."""
    service.update_profile(caller().id, ProfilePatch.model_validate(_chosen()))
    flash("Saved.")
    return redirect(url_for("user.appearance_page"), 303)


def _chosen() -> dict[str, str]:
    chosen = {name: request.form[name] for name in _FIELDS if name in request.form}
    if chosen.get("theme_color") == "other":
        chosen["theme_color"] = request.form.get("other_color", "")
    return chosen
