"""Invite links over REST."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from chatapp.group import bp, links, queries
from chatapp.group.schemas import JoinToken, NewLink
from chatapp.security.identity import caller
from chatapp.security.request_source import request_source
from chatapp.security.view_policy import policy
from chatapp.web.request_input import read_json


@bp.get("/api/groups/<uuid:group_id>/links")
@policy(scope="groups:read")
def group_links(group_id: UUID) -> Any:
    """List the valid links; they always fit on one page."""
    found = links.links(caller().id, str(group_id))
    return {"items": [links.present_link(link) for link, _ in found], "next_cursor": None}


@bp.post("/api/groups/<uuid:group_id>/links")
@policy(scope="groups:write")
def create_link(group_id: UUID) -> Any:
    """Create a link: 201."""
    link = links.create_link(caller().id, str(group_id), read_json(NewLink))
    return dict(links.present_link(link)), 201


@bp.delete("/api/groups/<uuid:group_id>/links/<uuid:link_id>")
@policy(scope="groups:write")
def revoke_link(group_id: UUID, link_id: UUID) -> Any:
    """Revoke a link."""
    links.revoke_link(caller().id, str(group_id), str(link_id))
    return "", 204


@bp.post("/api/groups/join")
@policy(scope="groups:write")
def join_group() -> Any:
    """Join a group by a link and return the group."""
    me = caller().id
    group = links.join_by_link(me, read_json(JoinToken).token, request_source())
    return dict(queries.group(me, group.id))
