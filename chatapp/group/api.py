"""Groups over REST."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from chatapp.core.paging import PageQuery
from chatapp.group import bp, queries, service
from chatapp.group.schemas import GroupPatch, NewGroup
from chatapp.security.identity import caller
from chatapp.security.view_policy import policy
from chatapp.web.request_input import read_json, read_query


@bp.get("/api/groups")
@policy(scope="groups:read")
def groups() -> Any:
    """List your groups."""
    page = queries.groups(caller().id, read_query(PageQuery))
    return {"items": page.items, "next_cursor": page.next_cursor}


@bp.post("/api/groups")
@policy(scope="groups:write")
def create_group() -> Any:
    """Create a group: 201."""
    me, new = caller().id, read_json(NewGroup)
    group = service.create_group(
        me,
        name=new.name,
        member_ids=new.members,
        description=new.description,
        picture=new.group_picture,
    )
    return dict(queries.group(me, group.id)), 201


@bp.get("/api/groups/<uuid:group_id>")
@policy(scope="groups:read")
def group(group_id: UUID) -> Any:
    """Return a group with its members."""
    return dict(queries.group(caller().id, str(group_id)))


@bp.patch("/api/groups/<uuid:group_id>")
@policy(scope="groups:write")
def update_group(group_id: UUID) -> Any:
    """Change a group and return it."""
    me = caller().id
    service.update_group(me, str(group_id), read_json(GroupPatch))
    return dict(queries.group(me, str(group_id)))


@bp.delete("/api/groups/<uuid:group_id>")
@policy(scope="groups:write")
def delete_group(group_id: UUID) -> Any:
    """Delete a group for everybody."""
    service.delete_group(caller().id, str(group_id))
    return "", 204
