"""Members of groups over REST."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from chatapp.group import bp, queries, service
from chatapp.group.schemas import NewMembers, Role
from chatapp.security.identity import caller
from chatapp.security.view_policy import policy
from chatapp.web.request_input import read_json


@bp.post("/api/groups/<uuid:group_id>/members")
@policy(scope="groups:write")
def add_members(group_id: UUID) -> Any:
    """Add members and return the group."""
    me = caller().id
    service.add_group_members(me, str(group_id), read_json(NewMembers).user_ids)
    return dict(queries.group(me, str(group_id)))


@bp.patch("/api/groups/<uuid:group_id>/members/<uuid:user_id>")
@policy(scope="groups:write")
def set_role(group_id: UUID, user_id: UUID) -> Any:
    """Change a member's role and return the group."""
    me, role = caller().id, read_json(Role).member_role
    service.set_role(me, str(group_id), str(user_id), role)
    return dict(queries.group(me, str(group_id)))


@bp.delete("/api/groups/<uuid:group_id>/members/<uuid:user_id>")
@policy(scope="groups:write")
def remove_member(group_id: UUID, user_id: UUID) -> Any:
    """Remove a member."""
    service.remove_group_member(caller().id, str(group_id), str(user_id))
    return "", 204
