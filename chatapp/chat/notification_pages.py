"""Of what one is told, as a page: the account's level, this browser, and what differs from it."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, url_for

from chatapp.chat import bp, lists
from chatapp.chat.schemas import ListQuery, NotificationsForm
from chatapp.security.identity import caller
from chatapp.security.view_policy import policy
from chatapp.user.schemas import ProfilePatch
from chatapp.user.service import update_profile
from chatapp.web.request_input import read_form, read_query


@bp.get("/settings/notifications")
def notifications_page() -> Any:
    """The account's level, and the conversations that have their own or are muted."""
    page = lists.with_own_notifications(caller().id, read_query(ListQuery))
    return render_template("settings/notifications.html", page=page)


@bp.post("/settings/notifications")
@policy(personal=True)
def notifications_form() -> Any:
    """The account has this level from now on."""
    me, chosen = caller(), read_form(NotificationsForm)
    update_profile(me.id, ProfilePatch(notify=chosen.notify))
    flash("Saved.")
    return redirect(url_for("chat.notifications_page"), 303)
