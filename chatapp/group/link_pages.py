"""Pages of invite links: where they lead, and the forms for owners and admins.

A GET never joins, because programs open links before people do. The page's address has a token in
it, so the page sends no referrer.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import flash, make_response, redirect, render_template, url_for

from chatapp.core.errors import ChatError, NotFound, RateLimited
from chatapp.group import bp, links
from chatapp.group.pages import group_form
from chatapp.group.schemas import NewLink
from chatapp.security.identity import caller, signed_in
from chatapp.security.request_source import request_source
from chatapp.security.view_policy import policy
from chatapp.web.forms import with_error
from chatapp.web.request_input import read_form


@bp.get("/join/<token>")
@policy(public=True)
def join_page(token: str) -> Any:
    """Show the group that a link leads to, or why the link isn't valid."""
    me = signed_in()
    try:
        offer = links.read_offer(token, request_source(), me.id if me else None)
    except (NotFound, RateLimited) as exc:
        return _join_page(token, None, exc)
    return _join_page(token, offer)


@bp.post("/join/<token>")
def join_form(token: str) -> Any:
    """Join the group and go to its conversation."""
    me = caller().id
    try:
        group = links.join_by_link(me, token, request_source())
    except (NotFound, RateLimited) as exc:
        return _join_page(token, None, exc)
    return redirect(url_for("chat.conversation_page", conversation_id=group.conversation_id), 303)


@bp.post("/groups/<uuid:group_id>/links")
@group_form("link")
def create_link_form(group_id: UUID) -> Any:
    """Create a link and show it among the valid ones."""
    links.create_link(caller().id, str(group_id), read_form(NewLink))
    flash("Link created. Send it to the people you want in the group.")
    return redirect(url_for("group.group_page", group_id=group_id, _anchor="links"), 303)


@bp.post("/groups/<uuid:group_id>/links/<uuid:link_id>/withdraw")
def revoke_link_form(group_id: UUID, link_id: UUID) -> Any:
    """Revoke a link."""
    links.revoke_link(caller().id, str(group_id), str(link_id))
    flash("Link revoked. Nobody can join with it any more.")
    return redirect(url_for("group.group_page", group_id=group_id, _anchor="links"), 303)


def _join_page(token: str, offer: links.Offer | None, problem: ChatError | None = None) -> Any:
    html = render_template("group/join.html", token=token, offer=offer, problem=problem)
    page = with_error(html, problem) if problem else make_response(html)
    page.headers["Referrer-Policy"] = "no-referrer"
    return page
