"""What a person's page shows: the profile, and how they are related to the viewer."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func
from sqlalchemy.orm import aliased

from chatapp.conversation.blocks import blockers_between
from chatapp.conversation.conversations import own_conversations
from chatapp.core.db import db
from chatapp.models import Conversation, Participant
from chatapp.user.presenters import (
    ProfileJson,
)
from chatapp.user.queries import get_person
from chatapp.user.relationship_queries import find_contact_ids

#: Groups in common that a person's page lists.
MAX_COMMON_GROUPS = 20


@dataclass(frozen=True, slots=True)
class PersonDetails:
    """A person, and how they are related to the viewer."""

    person: ProfileJson
    is_contact: bool
    #: Ids of those of the two who block the other.
    blockers: set[str]
    #: The latest `MAX_COMMON_GROUPS` groups that both are in, and how many there are in all.
    groups: list[Conversation]
    group_count: int


def get_person_details(viewer_id: str, user_id: str) -> PersonDetails:
    """Return what an active person's page shows to the viewer. Raises NotFound."""
    person = get_person(viewer_id, user_id)
    theirs = aliased(Participant)
    groups = (
        own_conversations(viewer_id)
        .join(theirs, theirs.conversation_id == Conversation.id)
        .where(Conversation.kind == "group", theirs.user_id == user_id, theirs.left_at.is_(None))
    )
    latest = groups.order_by(Conversation.active_at.desc(), Conversation.id.desc())
    return PersonDetails(
        person=person,
        is_contact=user_id in find_contact_ids(viewer_id, [user_id]),
        blockers=blockers_between(viewer_id, user_id),
        groups=list(db.session.scalars(latest.limit(MAX_COMMON_GROUPS))),
        group_count=db.session.scalars(groups.with_only_columns(func.count())).one(),
    )
