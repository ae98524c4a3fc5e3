"""The profiles and groups that a downloaded picture was given for."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from chatapp.conversation.access import lock_conversations
from chatapp.conversation.members import announce_updated, bump_version
from chatapp.core.db import atomic
from chatapp.media.images import EncodedImage
from chatapp.media.storage import PICTURE_COLUMNS, lock_picture, set_file_facts
from chatapp.models import Conversation, Group, Participant, Picture, User


def assign_to_holders(picture: Picture, encoded: EncodedImage) -> bool:
    """Show the picture wherever its address is still set; return False if that is nowhere."""
    with atomic() as work:
        holders = _holders(work, picture)
        row = lock_picture(picture.id)
        if row is None or not holders:
            if row is not None:
                work.delete(row)
            return False
        set_file_facts(row, encoded)
        for holder in holders:
            setattr(holder, PICTURE_COLUMNS[picture.purpose][1], picture.id)
            if isinstance(holder, Group):
                conversation = work.get_one(Conversation, holder.conversation_id)
                bump_version(conversation)
                work.flush()
                announce_updated(conversation)
    return True


def _holders(work: Session, picture: Picture) -> Sequence[User | Group]:
    """Return who waits for this picture, locked: its owner, or groups that the owner is in."""
    if picture.purpose != "group":
        user = work.get_one(User, picture.owner_id, with_for_update=True, populate_existing=True)
        address, stored = PICTURE_COLUMNS[picture.purpose]
        waits = getattr(user, address) == picture.source_url and getattr(user, stored) is None
        return [user] if waits and user.deleted_at is None else []
    waiting = (
        select(Group)
        .join(Participant, Participant.conversation_id == Group.conversation_id)
        .where(
            Participant.user_id == picture.owner_id,
            Participant.left_at.is_(None),
            Group.group_picture == picture.source_url,
            Group.picture_id.is_(None),
            Group.deleted_at.is_(None),
        )
    )
    ids = work.scalars(waiting.with_only_columns(Group.conversation_id)).all()
    lock_conversations(work, ids)
    # Read again: waiting for the lock may have changed the rows.
    return work.scalars(waiting.execution_options(populate_existing=True)).all()
