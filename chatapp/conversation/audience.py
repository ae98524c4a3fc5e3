"""The audience of a person's presence, viewing and typing."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, CompoundSelect, bindparam, func, select, union
from sqlalchemy.orm import InstrumentedAttribute, aliased

from chatapp.conversation.blocks import blocked_with
from chatapp.conversation.conversations import MAX_SMALL_MEMBERS
from chatapp.conversation.direct import is_blocked
from chatapp.conversation.presence_visibility import Presence, visible_presence
from chatapp.core.db import db, snapshot
from chatapp.models import Contact, Conversation, Participant

_Id = InstrumentedAttribute[str]
_Pairs = CompoundSelect[Any]


def audience_version(conversation_id: int) -> int | None:
    """Return the present membership version of those who may see each other type and look.

    None if nobody may: across a block, and after the conversation was deleted.
    """
    with snapshot():
        conversation = db.session.scalar(
            select(Conversation)
            .where(Conversation.id == conversation_id, Conversation.deleted_at.is_(None))
            .execution_options(populate_existing=True)
        )
        if conversation is None or is_blocked(conversation):
            return None
        return conversation.membership_version


def presence_for(viewer_id: str, user_ids: Collection[str]) -> dict[str, Presence]:
    """Return the presence of those of these people whose presence the viewer may see.

    See `_presence_pairs` for the rule. You always see your own.
    """
    rows = db.session.execute(
        _presence_pairs(lambda person, viewer: (person.in_(user_ids), viewer == viewer_id))
    )
    known = {row.person for row in rows}
    return visible_presence(viewer_id, known | ({viewer_id} & set(user_ids)))


def presence_viewers(user_id: str) -> set[str]:
    """Return everybody to tell when this person comes online or goes offline.

    See `_presence_pairs` for the rule; only small conversations count, and nobody across a block.
    """
    rows = db.session.execute(_VIEWERS, {"user_id": user_id})
    return {row.viewer for row in rows} - blocked_with(user_id)


def visible_people(user_id: str) -> set[str]:
    """Return everybody whose `presence_viewers` include this person."""
    rows = db.session.execute(_VISIBLE, {"user_id": user_id})
    return {row.person for row in rows} - blocked_with(user_id)


def _in_small_conversations_of(user_id: BindParameter[str]) -> ColumnElement[bool]:
    own = select(Participant.conversation_id).where(
        Participant.user_id == user_id, Participant.left_at.is_(None)
    )
    small = (
        select(Participant.conversation_id)
        .where(Participant.left_at.is_(None), Participant.conversation_id.in_(own))
        .group_by(Participant.conversation_id)
        .having(func.count() <= MAX_SMALL_MEMBERS)
    )
    return Conversation.id.in_(small)


def _presence_pairs(
    where: Callable[[_Id, _Id], tuple[ColumnElement[bool], ...]],
    *shared_conversation: ColumnElement[bool],
) -> _Pairs:
    """Return a query for pairs of a ``person`` and a ``viewer`` who may see their presence.

    People show their presence to their contacts and to the members of their conversations.
    ``where`` narrows the pairs, ``shared_conversation`` the conversations that count.
    """
    theirs, own = aliased(Participant), aliased(Participant)
    together = (
        select(theirs.user_id.label("person"), own.user_id.label("viewer"))
        .join(own, own.conversation_id == theirs.conversation_id)
        .join(Conversation, Conversation.id == theirs.conversation_id)
        .where(
            theirs.left_at.is_(None),
            own.left_at.is_(None),
            Conversation.deleted_at.is_(None),
            *shared_conversation,
            *where(theirs.user_id, own.user_id),
        )
    )
    contacts = select(Contact.user_id, Contact.contact_id).where(
        *where(Contact.user_id, Contact.contact_id)
    )
    return union(together, contacts)


# Built once: composing these took longer than running them.
_ME: BindParameter[str] = bindparam("user_id")
_IN_SMALL = _in_small_conversations_of(_ME)
_VIEWERS = _presence_pairs(lambda person, viewer: (person == _ME, viewer != _ME), _IN_SMALL)
_VISIBLE = _presence_pairs(lambda person, viewer: (viewer == _ME, person != _ME), _IN_SMALL)
