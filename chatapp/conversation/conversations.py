"""Conversations as JSON, read set-wise: fifty take as many statements as one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, Select, bindparam, case, func, or_, select

from chatapp.conversation.mentions import count_unread_mentions
from chatapp.conversation.messages import (
    HIDES_RECEIPTS,
    messages_for,
    messages_where,
    read_messages,
)
from chatapp.conversation.presence_visibility import visible_presence
from chatapp.conversation.presenters import (
    ConversationJson,
    MessageJson,
    VisibleParticipant,
    conversation_event,
    conversation_json,
)
from chatapp.core.db import MAX_ID, db
from chatapp.core.errors import NotFound
from chatapp.models import Conversation, Group, Message, Participant, User

#: A conversation of at most this many members is small: everybody sees all members and their
#: presence.
MAX_SMALL_MEMBERS = 100
#: How many participants a conversation shows where it doesn't show all.
PREVIEW_PARTICIPANTS = 8

#: Which participants to read: all; all of a small conversation and a preview of others; a preview.
ParticipantScope = Literal["all", "small", "preview"]

Row = tuple[Conversation, Participant, Group | None]

_NOBODY = str(UUID(int=0))


def own_conversations(
    user_id: str | BindParameter[str],
) -> Select[Conversation, Participant, Group]:
    """Return a query for a person's conversations, with their participant rows and groups."""
    return (
        select(Conversation, Participant, Group)
        .join(Participant, Participant.conversation_id == Conversation.id)
        .outerjoin(Group, Group.conversation_id == Conversation.id)
        .where(
            Participant.user_id == user_id,
            Participant.left_at.is_(None),
            Conversation.deleted_at.is_(None),
        )
    )


def read_conversation(
    user_id: str, conversation_id: int, participants: ParticipantScope
) -> ConversationJson:
    """Return one of this person's conversations. Raises NotFound."""
    if not 1 <= conversation_id <= MAX_ID:
        raise NotFound()
    found = read_conversations(_OWN, participants, user_id=user_id, conversation_id=conversation_id)
    if not found:
        raise NotFound()
    return found[0]


def read_conversations(
    query: Select[Conversation, Participant, Group], participants: ParticipantScope, **values: Any
) -> list[ConversationJson]:
    """Run an `own_conversations` query with these values and return its conversations in order."""
    return present_conversations(
        [(row[0], row[1], row[2]) for row in db.session.execute(query, values)], participants
    )


def present_conversations(
    rows: Sequence[Row], participants: ParticipantScope
) -> list[ConversationJson]:
    """Complete the rows of an `own_conversations` query; takes at most seven more statements."""
    if not rows:
        return []
    viewer_id = rows[0][1].user_id
    ids = [conversation.id for conversation, _, _ in rows]
    shown = _read_participants(ids, viewer_id, participants)
    user_ids = {participant.user.id for found in shown.values() for participant in found}
    presence = visible_presence(viewer_id, user_ids)
    last = {
        message["conversation_id"]: message
        for message in messages_for(viewer_id, _last_messages(ids))
    }
    mentions = count_unread_mentions(
        [viewer for conversation, viewer, _ in rows if viewer.last_read_seq < conversation.last_seq]
    )
    return [
        conversation_json(
            conversation,
            viewer,
            group,
            shown[conversation.id],
            presence=presence,
            last_message=last.get(conversation.id),
            unread_mentions=mentions.get(conversation.id, 0),
        )
        for conversation, viewer, group in rows
    ]


def read_conversation_event(conversation_id: int) -> dict[str, Any]:
    """Return a conversation as an event carries it: the same for every receiver."""
    conversation, group = db.session.execute(
        select(Conversation, Group)
        .outerjoin(Group, Group.conversation_id == Conversation.id)
        .where(Conversation.id == conversation_id)
    ).one()
    participants = _read_participants([conversation_id], _NOBODY, "preview")[conversation_id]
    return conversation_event(
        conversation_json(
            conversation,
            None,
            group,
            participants,
            presence={},
            last_message=next(iter(_last_messages([conversation_id])), None),
        )
    )


def _read_participants(
    ids: Sequence[int], viewer_id: str, scope: ParticipantScope
) -> dict[int, list[VisibleParticipant]]:
    """Return each conversation's members as the viewer sees them, the viewer first."""
    found: dict[int, list[VisibleParticipant]] = defaultdict(list)
    rows = db.session.execute(_PARTICIPANTS[scope], {"ids": list(ids), "viewer_id": viewer_id})
    for member, user, read_seq, member_count, min_read_seq in rows:
        found[member.conversation_id].append(
            VisibleParticipant(member, user, read_seq, member_count, min_read_seq)
        )
    return found


def _last_messages(ids: Sequence[int]) -> list[MessageJson]:
    return read_messages(_LAST_MESSAGES, ids=list(ids))


def _participant_queries() -> dict[ParticipantScope, Select[Participant, User, int, int, int]]:
    conversation = Participant.conversation_id
    # How far a member has read, as far as the viewer may know.
    read_seq: ColumnElement[int] = case(
        (Participant.user_id == _VIEWER, Participant.last_read_seq),
        (HIDES_RECEIPTS.scalar_subquery(), 0),
        else_=Participant.receipt_seq,
    )
    ranked = (
        select(
            Participant.conversation_id,
            Participant.user_id,
            func.count().over(partition_by=conversation).label("member_count"),
            read_seq.label("read_seq"),
            func.min(read_seq).over(partition_by=conversation).label("min_read_seq"),
            func.row_number()
            .over(
                partition_by=conversation,
                order_by=(
                    (Participant.user_id != _VIEWER),
                    Participant.joined_at,
                    Participant.user_id,
                ),
            )
            .label("place"),
        )
        .where(Participant.conversation_id.in_(_IDS), Participant.left_at.is_(None))
        .subquery()
    )
    everybody = (
        select(Participant, User, ranked.c.read_seq, ranked.c.member_count, ranked.c.min_read_seq)
        .join(User, User.id == Participant.user_id)
        .join(
            ranked,
            (ranked.c.conversation_id == Participant.conversation_id)
            & (ranked.c.user_id == Participant.user_id),
        )
        .order_by(ranked.c.conversation_id, ranked.c.place)
    )
    previewed = ranked.c.place <= PREVIEW_PARTICIPANTS
    return {
        "all": everybody,
        "small": everybody.where(or_(ranked.c.member_count <= MAX_SMALL_MEMBERS, previewed)),
        "preview": everybody.where(previewed),
    }


# Built once: composing these took each request longer than running them.
_VIEWER: BindParameter[str] = bindparam("viewer_id")
_IDS: BindParameter[int] = bindparam("ids", expanding=True)
_OWN = own_conversations(bindparam("user_id")).where(
    Conversation.id == bindparam("conversation_id")
)
_PARTICIPANTS = _participant_queries()
_LAST_MESSAGES = messages_where(Conversation.id.in_(_IDS)).join(
    Conversation,
    (Conversation.id == Message.conversation_id) & (Conversation.last_seq == Message.seq),
)
