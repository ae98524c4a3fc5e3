"""The page of notification settings: the account's level and the conversations with their own."""

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
    """Show the account's level, and the conversations that are muted or have their own."""
    page = lists.with_own_notifications(caller().id, read_query(ListQuery))
    return render_template("settings/notifications.html", page=page)


@bp.post("/settings/notifications")
@policy(personal=True)
def notifications_form() -> Any:
    """Change the account's notification level."""
    me, chosen = caller(), read_form(NotificationsForm)
    update_profile(me.id, ProfilePatch(notify=chosen.notify))
    flash("Saved.")
    return redirect(url_for("chat.notifications_page"), 303)
