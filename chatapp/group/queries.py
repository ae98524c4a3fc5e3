"""Reads of groups."""

from __future__ import annotations

from sqlalchemy import select

from chatapp.conversation.blocks import visible_presence
from chatapp.conversation.reading import own_conversations
from chatapp.db import db, snapshot
from chatapp.errors import NotFound
from chatapp.group.presenters import GroupJson, group_json
from chatapp.models import Conversation, Group, Participant, User
from chatapp.paging import Page, PageQuery, decode_cursor, encode_cursor


def groups(user_id: str, query: PageQuery) -> Page[GroupJson]:
    """The groups this person is in, by when they were made, with all members."""
    own = own_conversations(user_id).where(Group.id.is_not(None))
    after = decode_cursor(query.cursor, int)
    if after:
        own = own.where(Conversation.id < after[0])
    with snapshot():
        rows = db.session.execute(own.order_by(Conversation.id.desc()).limit(query.limit + 1)).all()
        shown = [(row[0], row[2]) for row in rows[: query.limit]]
        cursor = encode_cursor([shown[-1][0].id]) if len(rows) > query.limit else None
        return Page(_present(user_id, shown), cursor)


def group(user_id: str, group_id: str) -> GroupJson:
    """One group with its members. Raises NotFound."""
    with snapshot():
        row = db.session.execute(
            own_conversations(user_id).where(Group.id == group_id, Group.deleted_at.is_(None))
        ).one_or_none()
        if row is None:
            raise NotFound()
        return _present(user_id, [(row[0], row[2])])[0]


def conversation_of(user_id: str, group_id: str) -> int:
    """The id of the conversation of a group that this person is in. Raises NotFound."""
    own = own_conversations(user_id).where(Group.id == group_id, Group.deleted_at.is_(None))
    id_: int | None = db.session.scalar(own.with_only_columns(Conversation.id))
    if id_ is None:
        raise NotFound()
    return id_


def _present(viewer_id: str, rows: list[tuple[Conversation, Group]]) -> list[GroupJson]:
    ids = [conversation.id for conversation, _ in rows]
    members: dict[int, list[tuple[Participant, User]]] = {id_: [] for id_ in ids}
    for member, user in db.session.execute(
        select(Participant, User)
        .join(User, User.id == Participant.user_id)
        .where(Participant.conversation_id.in_(ids), Participant.left_at.is_(None))
        .order_by(Participant.joined_at, Participant.user_id)
    ):
        members[member.conversation_id].append((member, user))
    shown = {user.id for pairs in members.values() for _, user in pairs}
    visible = visible_presence(viewer_id, shown)
    return [
        group_json(group, conversation, members[conversation.id], online=visible)
        for conversation, group in rows
    ]
