"""Links into groups as pages: where they lead, and where owners and admins make them.

A GET never joins: programs look at links before people do. The page has a token in its address, so
it sends no referrer.
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
    """What a link lets one join, or why it doesn't."""
    me = signed_in()
    try:
        offer = links.read_offer(token, request_source(), me.id if me else None)
    except (NotFound, RateLimited) as exc:
        return _join_page(token, None, exc)
    return _join_page(token, offer)


@bp.post("/join/<token>")
def join_form(token: str) -> Any:
    """Join, and on to the group's conversation."""
    me = caller().id
    try:
        group = links.join_by_link(me, token, request_source())
    except (NotFound, RateLimited) as exc:
        return _join_page(token, None, exc)
    return redirect(url_for("chat.conversation_page", conversation_id=group.conversation_id), 303)


@bp.post("/groups/<uuid:group_id>/links")
@group_form("link")
def make_link_form(group_id: UUID) -> Any:
    """A new link, shown among those that count."""
    links.create_link(caller().id, str(group_id), read_form(NewLink))
    flash("Here is the link. Send it to whom you want in the group.")
    return redirect(url_for("group.group_page", group_id=group_id, _anchor="links"), 303)


@bp.post("/groups/<uuid:group_id>/links/<uuid:link_id>/withdraw")
def withdraw_link_form(group_id: UUID, link_id: UUID) -> Any:
    """The link counts no more."""
    links.withdraw_link(caller().id, str(group_id), str(link_id))
    flash("The link is withdrawn: nobody joins by it any more.")
    return redirect(url_for("group.group_page", group_id=group_id, _anchor="links"), 303)


def _join_page(token: str, offer: links.Offer | None, problem: ChatError | None = None) -> Any:
    html = render_template("group/join.html", token=token, offer=offer, problem=problem)
    page = with_error(html, problem) if problem else make_response(html)
    page.headers["Referrer-Policy"] = "no-referrer"
    return page
