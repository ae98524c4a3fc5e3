"""Who hears of somebody's coming and going, looking and typing."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, CompoundSelect, bindparam, func, select, union
from sqlalchemy.orm import InstrumentedAttribute, aliased

from chatapp.conversation.blocks import Presence, blocked_with, is_blocked, visible_presence
from chatapp.conversation.queries import SMALL
from chatapp.core.db import db, snapshot
from chatapp.models import Contact, Conversation, Participant

_Id = InstrumentedAttribute[str]
_Pairs = CompoundSelect[Any]


def audience_version(conversation_id: int) -> int | None:
    """The membership version, now, of those who may notice each other in this conversation.

    None where nobody may: across a block, and where the conversation is gone.
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
    """The presence of these people, where it is for the viewer: see `_aware`.

    One's own always is.
    """
    rows = db.session.execute(_aware(lambda whom, who: (whom.in_(user_ids), who == viewer_id)))
    known = {row.whom for row in rows}
    return visible_presence(viewer_id, known | ({viewer_id} & set(user_ids)))


def neighbours(user_id: str) -> set[str]:
    """Everybody who is told when this person comes and goes.

    See `_aware`, with conversations of at most `SMALL` members; without those between whom and
    this person a block stands.
    """
    rows = db.session.execute(_NEIGHBOURS, {"user_id": user_id})
    return {row.who for row in rows} - blocked_with(user_id)


def noticed_by(user_id: str) -> set[str]:
    """Everybody of whose coming and going this person is told: `neighbours`, seen from there."""
    rows = db.session.execute(_NOTICED, {"user_id": user_id})
    return {row.whom for row in rows} - blocked_with(user_id)


def _in_small_ones_of(user_id: BindParameter[str]) -> ColumnElement[bool]:
    own = select(Participant.conversation_id).where(
        Participant.user_id == user_id, Participant.left_at.is_(None)
    )
    small = (
        select(Participant.conversation_id)
        .where(Participant.left_at.is_(None), Participant.conversation_id.in_(own))
        .group_by(Participant.conversation_id)
        .having(func.count() <= SMALL)
    )
    return Conversation.id.in_(small)


def _aware(
    where: Callable[[_Id, _Id], tuple[ColumnElement[bool], ...]], *shared: ColumnElement[bool]
) -> _Pairs:
    """Each ``whom`` with each ``who`` for whom their presence is: the one rule of it.

    It is for those whom they have among their contacts, and for those in a conversation with
    them. ``where`` says which pairs are wanted, ``shared`` which conversations count.
    """
    theirs, own = aliased(Participant), aliased(Participant)
    together = (
        select(theirs.user_id.label("whom"), own.user_id.label("who"))
        .join(own, own.conversation_id == theirs.conversation_id)
        .join(Conversation, Conversation.id == theirs.conversation_id)
        .where(
            theirs.left_at.is_(None),
            own.left_at.is_(None),
            Conversation.deleted_at.is_(None),
            *shared,
            *where(theirs.user_id, own.user_id),
        )
    )
    contacts = select(Contact.user_id, Contact.contact_id).where(
        *where(Contact.user_id, Contact.contact_id)
    )
    return union(together, contacts)


# Built once: composing these took longer than running them.
_ME: BindParameter[str] = bindparam("user_id")
_NEIGHBOURS = _aware(lambda whom, who: (whom == _ME, who != _ME), _in_small_ones_of(_ME))
_NOTICED = _aware(lambda whom, who: (who == _ME, whom != _ME), _in_small_ones_of(_ME))
