"""A group's picture by a form, which stands in the group's page."""

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
    """The group's picture is what was chosen."""
    me = caller().id
    service.update_group(me, str(group_id), GroupPatch())  # whoever may not is told that first
    try:
        service.set_group_picture(me, str(group_id), read_upload())
    except PROBLEMS as exc:
        tell_problem(exc)
    else:
        flash("This is the group’s picture now.")
    return redirect(f"/groups/{group_id}#picture", 303)


@bp.post("/groups/<uuid:group_id>/picture/remove")
def remove_picture_form(group_id: UUID) -> Any:
    """The group has initials again."""
    service.set_group_picture(caller().id, str(group_id), None)
    flash("The group’s picture is removed.")
    return redirect(f"/groups/{group_id}#picture", 303)
