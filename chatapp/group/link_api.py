"""Links into groups over REST."""

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
    """The links that count; there are never more than one page holds."""
    found = links.links(caller().id, str(group_id))
    return {"items": [links.present_link(link) for link, _ in found], "next_cursor": None}


@bp.post("/api/groups/<uuid:group_id>/links")
@policy(scope="groups:write")
def make_link(group_id: UUID) -> Any:
    """201 with the new link."""
    link = links.create_link(caller().id, str(group_id), read_json(NewLink))
    return dict(links.present_link(link)), 201


@bp.delete("/api/groups/<uuid:group_id>/links/<uuid:link_id>")
@policy(scope="groups:write")
def withdraw_link(group_id: UUID, link_id: UUID) -> Any:
    """204; it counts no more."""
    links.withdraw_link(caller().id, str(group_id), str(link_id))
    return "", 204


@bp.post("/api/groups/join")
@policy(scope="groups:write")
def join_group() -> Any:
    """The group, of which one is a member now."""
    me = caller().id
    group = links.join_by_link(me, read_json(JoinToken).token, request_source())
    return dict(queries.group(me, group.id))
