"""Who is in a conversation: every change of members is a version of its log.

The caller holds the conversation's lock. Adding and returning members see the whole history; their
read pointer starts at its end. Leaving keeps the row, with `left_at`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import case, select
from sqlalchemy.orm import Session

from chatapp.conversation.append import append_system_message
from chatapp.conversation.pointers import settle_after_leaving, start_at
from chatapp.conversation.preferences import clear_preferences
from chatapp.conversation.queries import read_event
from chatapp.core.db import announce, now
from chatapp.core.events import Members
from chatapp.models import Conversation, Participant, User


def current_members(work: Session, conversation_id: int) -> dict[str, Participant]:
    """Who is in it now, by person."""
    rows = work.scalars(
        select(Participant)
        .where(Participant.conversation_id == conversation_id, Participant.left_at.is_(None))
        .execution_options(populate_existing=True)
    )
    return {member.user_id: member for member in rows}


def change(conversation: Conversation, *, members: bool = False) -> int:
    """The next version of this conversation, which the caller's one change bears."""
    conversation.version += 1
    if members:
        conversation.membership_version = conversation.version
    return conversation.version


def add_members(
    work: Session,
    conversation: Conversation,
    actor: User,
    people: Sequence[User],
    told: str | None = None,
) -> None:
    """These people are members: one change however many; those who were change nothing.

    Everybody is ``told`` of it, in other words than that the actor added them.
    """
    standing = current_members(work, conversation.id)
    new = [person for person in people if person.id not in standing]
    if not new:
        return
    former = {
        member.user_id: member
        for member in work.scalars(
            select(Participant).where(
                Participant.conversation_id == conversation.id,
                Participant.user_id.in_([person.id for person in new]),
            )
        )
    }
    for person in new:
        member = former.get(person.id)
        if member is None:
            member = Participant(conversation_id=conversation.id, user_id=person.id)
            work.add(member)
        member.left_at = None
        member.joined_at = now()
        member.member_role = "member"
        start_at(member, conversation.last_seq)
    change(conversation, members=True)
    work.flush()
    announce_updated(conversation, came=frozenset(person.id for person in new))
    append_system_message(conversation, actor, told or f"{actor.name} added {_listed(new)}")


def remove_member(
    work: Session, conversation: Conversation, actor: User, leaving: Participant, person: User
) -> None:
    """This person is a member no more; the last owner hands over first."""
    leaving.left_at = now()
    clear_preferences(leaving)
    standing = current_members(work, conversation.id)
    standing.pop(leaving.user_id, None)
    if standing and not any(one.member_role == "owner" for one in standing.values()):
        heir(work, conversation.id, leaving.user_id).member_role = "owner"
    change(conversation, members=True)
    work.flush()
    settle_after_leaving(work, leaving)
    announce_updated(conversation, went=frozenset((leaving.user_id,)))
    text = f"{actor.name} left" if actor is person else f"{actor.name} removed {person.name}"
    append_system_message(conversation, actor, text)


def announce_created(conversation: Conversation) -> None:
    """Tell its members that there is this conversation."""
    announce(
        "conversation:created",
        read_event(conversation.id),
        to=Members(conversation.id, conversation.membership_version),
        version=conversation.version,
    )


def announce_updated(
    conversation: Conversation,
    *,
    came: Collection[str] = frozenset(),
    went: Collection[str] = frozenset(),
) -> None:
    """Tell the members of this version, those who came of the conversation, those who went too."""
    announce(
        "conversation:updated",
        read_event(conversation.id),
        to=Members(
            conversation.id,
            conversation.membership_version,
            joined=frozenset(came),
            left=frozenset(went),
        ),
        version=conversation.version,
    )


def heir(work: Session, conversation_id: int, leaving_id: str) -> Participant:
    """Who becomes the owner after the last one: the longest-standing admin, else member."""
    return work.scalars(
        select(Participant)
        .where(
            Participant.conversation_id == conversation_id,
            Participant.left_at.is_(None),
            Participant.user_id != leaving_id,
        )
        .order_by(
            case((Participant.member_role == "admin", 0), else_=1),
            Participant.joined_at,
            Participant.user_id,
        )
        .limit(1)
    ).one()


def _listed(people: Sequence[User]) -> str:
    names = [person.name for person in people]
    if len(names) > 5:
        return f"{', '.join(names[:4])} and {len(names) - 4} others"
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
