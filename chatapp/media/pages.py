"""One's own picture and background by a form: they stand in pages of settings."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect

from chatapp.media import bp, service
from chatapp.media.images import Purpose
from chatapp.security.identity import caller
from chatapp.web.uploads import PROBLEMS, read_upload, takes_upload, tell_problem

_PROFILE, _APPEARANCE = "/settings/profile#picture", "/settings/appearance#background"


@bp.post("/settings/profile/picture")
@takes_upload
def picture_form() -> Any:
    """One's picture is what was chosen."""
    return _change("profile", _PROFILE, "This is your picture now.")


@bp.post("/settings/profile/picture/remove")
def remove_picture_form() -> Any:
    """Initials again."""
    return _remove("profile", _PROFILE, "Your picture is removed.")


@bp.post("/settings/appearance/background")
@takes_upload
def background_form() -> Any:
    """The background of one's conversations is what was chosen."""
    return _change("background", _APPEARANCE, "This is your background now.")


@bp.post("/settings/appearance/background/remove")
def remove_background_form() -> Any:
    """No picture behind one's conversations."""
    return _remove("background", _APPEARANCE, "Your background is removed.")


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
