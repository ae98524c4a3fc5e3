"""The only way to a group: its members are those of its conversation."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from chatapp.conversation.access import Access, access_conversation
from chatapp.core.db import db
from chatapp.core.errors import Forbidden, NotFound
from chatapp.models import Group, Participant


@dataclass(frozen=True, slots=True)
class GroupAccess(Access):
    """A group, its conversation, and the caller's membership."""

    group: Group


def access_group(user_id: str, group_id: str, *, lock: bool = False) -> GroupAccess:
    """Return the group if this person is a member, or raise NotFound.

    With ``lock``, lock its conversation's row as `access_conversation` does.
    """
    conversation_id = db.session.scalar(
        select(Group.conversation_id).where(Group.id == group_id, Group.deleted_at.is_(None))
    )
    if conversation_id is None:
        raise NotFound()
    access = access_conversation(user_id, conversation_id, lock=lock)
    group = db.session.scalars(
        select(Group).where(Group.id == group_id).execution_options(populate_existing=True)
    ).one()
    return GroupAccess(access.conversation, access.participant, access.hides_receipts, group)


def conversation_of(user_id: str, group_id: str) -> int:
    """Return the id of the group's conversation if this person is a member, or raise NotFound."""
    return access_group(user_id, group_id).conversation.id


def check_role(member: Participant, *roles: str) -> None:
    """Raise Forbidden unless the member has one of these roles."""
    if member.member_role not in roles:
        allowed = " or ".join(f"an {role}" for role in roles)
        raise Forbidden(f"You need to be {allowed} of the group to do this.")
