"""The way into a group: through its conversation, whose members are its own."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from chatapp.conversation.access import Access, access_conversation
from chatapp.core.db import db
from chatapp.core.errors import Forbidden, NotFound
from chatapp.models import Group, Participant


@dataclass(frozen=True, slots=True)
class GroupAccess(Access):
    """A group, its conversation, and the place there of whoever asked."""

    group: Group


def access_group(user_id: str, group_id: str, *, lock: bool = False) -> GroupAccess:
    """The group, if this person is a member of it at this moment.

    With ``lock`` its conversation's row is locked as in `access_conversation`. Raises NotFound.
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
    """The id of the conversation of a group that this person is in. Raises NotFound."""
    return access_group(user_id, group_id).conversation.id


def check_role(member: Participant, *roles: str) -> None:
    """Raises Forbidden for a member of another role."""
    if member.member_role not in roles:
        raise Forbidden(f"This takes the {' or '.join(roles)} of the group.")
