"""Membership of conversations. Every change of members is a version of the log.

The caller holds the conversation's lock. New and returning members see the whole history; their
read pointers start at its end. A member who leaves keeps their row, with `left_at`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import case, select
from sqlalchemy.orm import Session

from chatapp.conversation.append import append_system_message
from chatapp.conversation.conversations import read_conversation_event
from chatapp.conversation.pointers import start_pointer_at, stop_waiting_for
from chatapp.conversation.preferences import clear_preferences
from chatapp.core.db import announce, now
from chatapp.core.events import Members
from chatapp.models import Conversation, Participant, User


def current_members(work: Session, conversation_id: int) -> dict[str, Participant]:
    """Return the present members of a conversation, by user id."""
    rows = work.scalars(
        select(Participant)
        .where(Participant.conversation_id == conversation_id, Participant.left_at.is_(None))
        .execution_options(populate_existing=True)
    )
    return {member.user_id: member for member in rows}


def bump_version(conversation: Conversation, *, members: bool = False) -> int:
    """Move the conversation to its next version, for one change, and return it.

    ``members``: it is a change of who the members are or what they may do.
    """
    conversation.version += 1
    if members:
        conversation.membership_version = conversation.version
    return conversation.version


def add_members(
    work: Session,
    conversation: Conversation,
    actor: User,
    people: Sequence[User],
    text: str | None = None,
) -> None:
    """Add these people as members, in one change; skip those who are members already.

    The system message is ``text`` where it isn't that the actor added them.
    """
    present = current_members(work, conversation.id)
    new = [person for person in people if person.id not in present]
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
        start_pointer_at(member, conversation.last_seq)
    bump_version(conversation, members=True)
    work.flush()
    announce_updated(conversation, joined=frozenset(person.id for person in new))
    append_system_message(conversation, actor, text or f"{actor.name} added {_join_names(new)}")


def remove_member(
    work: Session, conversation: Conversation, actor: User, leaving: Participant, person: User
) -> None:
    """Remove a member; if it was the last owner, pass the group on to `next_owner`."""
    leaving.left_at = now()
    clear_preferences(leaving)
    remaining = current_members(work, conversation.id)
    remaining.pop(leaving.user_id, None)
    if remaining and not any(member.member_role == "owner" for member in remaining.values()):
        next_owner(work, conversation.id, leaving.user_id).member_role = "owner"
    bump_version(conversation, members=True)
    work.flush()
    stop_waiting_for(work, leaving)
    announce_updated(conversation, left=frozenset((leaving.user_id,)))
    text = f"{actor.name} left" if actor is person else f"{actor.name} removed {person.name}"
    append_system_message(conversation, actor, text)


def announce_created(conversation: Conversation) -> None:
    """Announce a new conversation to its members."""
    announce(
        "conversation:created",
        read_conversation_event(conversation.id),
        to=Members(conversation.id, conversation.membership_version),
        version=conversation.version,
    )


def announce_updated(
    conversation: Conversation,
    *,
    joined: Collection[str] = frozenset(),
    left: Collection[str] = frozenset(),
) -> None:
    """Announce this version to the members; also to those it added and those it removed."""
    announce(
        "conversation:updated",
        read_conversation_event(conversation.id),
        to=Members(
            conversation.id,
            conversation.membership_version,
            joined=frozenset(joined),
            left=frozenset(left),
        ),
        version=conversation.version,
    )


def next_owner(work: Session, conversation_id: int, leaving_id: str) -> Participant:
    """Return the member who becomes owner after the last one: the longest-serving admin or member.

    Admins come before plain members.
    """
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


def _join_names(people: Sequence[User]) -> str:
    names = [person.name for person in people]
    if len(names) > 5:
        return f"{', '.join(names[:4])} and {len(names) - 4} others"
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
