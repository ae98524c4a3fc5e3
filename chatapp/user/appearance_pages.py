"""How chatapp looks to oneself, as a page: mode, accent, theme, and what Enter does."""

from __future__ import annotations

from typing import Any

from flask import current_app, flash, redirect, render_template, request, url_for
from pydantic import ValidationError

from chatapp.core.errors import ChatError, describe
from chatapp.security.identity import caller
from chatapp.user import bp, service
from chatapp.user.schemas import ProfilePatch
from chatapp.web import accent
from chatapp.web.forms import Form, refused, waiting
from config import Settings

#: What the page's form changes; of the rest of a profile it knows nothing.
FIELDS = ("theme_mode", "theme_color", "theme", "enter_sends", "background_image")


@bp.get("/settings/appearance")
def appearance_page() -> Any:
    """What one can choose, as it stands."""
    caller()
    return _page(Form())


@bp.post("/settings/appearance")
def appearance_form() -> Any:
    """What was chosen is so, on this page too."""
    me = caller()
    try:
        service.update_profile(me.id, ProfilePatch.model_validate(_chosen()))
    except (ChatError, ValidationError) as exc:
        error = describe(exc)
        return _page(refused(error)), error.status, waiting(error)
    flash("Saved.")
    return redirect(url_for("user.appearance_page"), 303)


def _chosen() -> dict[str, str]:
    chosen = {name: request.form[name] for name in FIELDS if name in request.form}
    if chosen.get("theme_color") == "other":
        chosen["theme_color"] = request.form.get("other_color", "")
    return chosen


def _page(form: Form) -> str:
    settings: Settings = current_app.config["SETTINGS"]
    palette = [(color, name, accent.css(color)) for color, name in accent.PALETTE.items()]
    return render_template(
        "settings/appearance.html",
        form=form,
        palette=palette,
        themes=settings.themes,
        default_theme=settings.default_theme,
    )
