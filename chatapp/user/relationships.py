"""Add and remove contacts and blocks."""

from __future__ import annotations

from uuid import uuid4

from sqlalchemy import delete, select

from chatapp.conversation.blocks import blocked_with
from chatapp.core.db import atomic, insert, send_signal
from chatapp.core.errors import Forbidden, NotFound, ValidationFailed
from chatapp.core.events import PresenceAudienceChanged
from chatapp.models import Block, Contact, User
from chatapp.user import relationship_queries
from chatapp.user.presenters import RelationshipJson


def add_contact(user_id: str, other_id: str) -> tuple[RelationshipJson, bool]:
    """Add a contact, and return it with whether it is new.

    Contacts are one-way and need no consent. Raises ValidationFailed for the caller and if there is
    no such active person, Forbidden if one of the two blocks the other.
    """
    if other_id == user_id:
        raise ValidationFailed(fields={"user_id": "You can't add yourself as a contact."})
    with atomic() as work:
        both = (
            select(User.id)
            .where(User.id.in_([user_id, other_id]), User.is_active, User.deleted_at.is_(None))
            .order_by(User.id)
            # Keeps both accounts from being deleted before the commit.
            .with_for_update(read=True, key_share=True)
        )
        if len(work.scalars(both).all()) < 2:
            raise ValidationFailed(fields={"user_id": "This person doesn't exist."})
        if other_id in blocked_with(user_id):
            raise Forbidden("You can't add someone while one of you blocks the other.")
        new_id = str(uuid4())
        new = insert(work, Contact).values(id=new_id, user_id=user_id, contact_id=other_id)
        stored_id = work.execute(
            new.on_conflict_do_update(
                index_elements=[Contact.user_id, Contact.contact_id],
                # Changes nothing, but makes RETURNING work for an existing row.
                set_={"updated_at": Contact.updated_at},
            ).returning(Contact.id)
        ).scalar_one()
        _announce_visibility_change(other_id)
    return relationship_queries.get_contact(user_id, other_id), stored_id == new_id


def remove_contact(user_id: str, other_id: str) -> None:
    """Remove a contact if there is one."""
    with atomic() as work:
        work.execute(
            delete(Contact).where(Contact.user_id == user_id, Contact.contact_id == other_id)
        )
        _announce_visibility_change(other_id)


def block(user_id: str, other_id: str) -> None:
    """Block a person: neither can write to the other directly or see their presence.

    Raises NotFound for an unknown person, ValidationFailed for the caller.
    """
    if other_id == user_id:
        raise ValidationFailed("You can't block yourself.")
    with atomic() as work:
        known = select(User.id).where(User.id == other_id, User.deleted_at.is_(None))
        if work.scalar(known) is None:
            raise NotFound("This person doesn't exist.")
        new = insert(work, Block).values(blocker_id=user_id, blocked_id=other_id)
        work.execute(new.on_conflict_do_nothing())
        _announce_visibility_change(user_id, other_id)


def unblock(user_id: str, other_id: str) -> None:
    """Remove the caller's own block if there is one."""
    with atomic() as work:
        work.execute(delete(Block).where(Block.blocker_id == user_id, Block.blocked_id == other_id))
        _announce_visibility_change(user_id, other_id)


def _announce_visibility_change(*user_ids: str) -> None:
    """Announce that other people may see these users' presence from the commit on."""
    send_signal(PresenceAudienceChanged(frozenset(user_ids)))
