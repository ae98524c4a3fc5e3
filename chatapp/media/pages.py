"""The forms for your own picture and background, which are part of the settings pages."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect

from chatapp.media import bp, service
from chatapp.media.images import Purpose
from chatapp.security.identity import caller
from chatapp.security.view_policy import policy
from chatapp.web.uploads import PROBLEMS, read_upload, tell_problem

_PROFILE, _APPEARANCE = "/settings/profile#picture", "/settings/appearance#background"


@bp.post("/settings/profile/picture")
@policy(upload=True)
def picture_form() -> Any:
    """Use the upload as your picture."""
    return _change("profile", _PROFILE, "Your picture has been changed.")


@bp.post("/settings/profile/picture/remove")
def remove_picture_form() -> Any:
    """Remove your picture; initials are shown instead."""
    return _remove("profile", _PROFILE, "Your picture has been removed.")


@bp.post("/settings/appearance/background")
@policy(upload=True)
def background_form() -> Any:
    """Use the upload as the background of your conversations."""
    return _change("background", _APPEARANCE, "Your background has been changed.")


@bp.post("/settings/appearance/background/remove")
def remove_background_form() -> Any:
    """Remove the background of your conversations."""
    return _remove("background", _APPEARANCE, "Your background has been removed.")


def _change(purpose: Purpose, page: str, done: str) -> Any:
    me = caller().id
    try:
        service.set_own_picture(me, purpose, read_upload())
    except PROBLEMS as exc:
        tell_problem(exc)
    else:
        flash(done)
    return redirect(page, 303)


def _remove(purpose: Purpose, page: str, done: str) -> Any:
    service.set_own_picture(caller().id, purpose, None)
    flash(done)
    return redirect(page, 303)
