"""The forms for a group's picture, on the group's page."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import flash, redirect

from chatapp.group import bp, service
from chatapp.group.schemas import GroupPatch
from chatapp.security.identity import caller
from chatapp.security.view_policy import policy
from chatapp.web.uploads import PROBLEMS, read_upload, tell_problem


@bp.post("/groups/<uuid:group_id>/picture")
@policy(upload=True)
def picture_form(group_id: UUID) -> Any:
    """Set the group's picture to the uploaded file."""
    me = caller().id
    service.update_group(
        me, str(group_id), GroupPatch()
    )  # check the role before reading the upload
    try:
        service.set_group_picture(me, str(group_id), read_upload())
    except PROBLEMS as exc:
        tell_problem(exc)
    else:
        flash("Picture saved.")
    return redirect(f"/groups/{group_id}#picture", 303)


@bp.post("/groups/<uuid:group_id>/picture/remove")
def remove_picture_form(group_id: UUID) -> Any:
    """Remove the group's picture; its initials are shown instead."""
    service.set_group_picture(caller().id, str(group_id), None)
    flash("Picture removed.")
    return redirect(f"/groups/{group_id}#picture", 303)
