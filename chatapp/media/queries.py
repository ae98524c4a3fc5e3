"""Reads of pictures: who may see which, and which are in use."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from chatapp.core.db import db
from chatapp.core.errors import NotFound
from chatapp.models import Group, Participant, Picture, User


def visible_picture(viewer_id: str, picture_id: str) -> Picture:
    """A picture that this person may see. Raises NotFound.

    One's own; people's, while it is theirs, to everyone here; a group's to its members.
    """
    picture = db.session.get(Picture, picture_id)
    if picture is None or picture.status != "ready" or not _may_see(viewer_id, picture):
        raise NotFound()
    return picture


def _may_see(viewer_id: str, picture: Picture) -> bool:
    if picture.owner_id == viewer_id:
        return True
    shown = {
        "profile": select(User.id).where(
            User.id == picture.owner_id,
            User.picture_id == picture.id,
            User.deleted_at.is_(None),
        ),
        "group": select(Group.id)
        .join(Participant, Participant.conversation_id == Group.conversation_id)
        .where(
            Participant.user_id == viewer_id,
            Participant.left_at.is_(None),
            Group.picture_id == picture.id,
            Group.deleted_at.is_(None),
        ),
    }
    query = shown.get(picture.purpose)
    return query is not None and db.session.scalar(query.limit(1)) is not None


def own_pictures(user_id: str) -> Sequence[Picture]:
    """What is kept here of this person's, the oldest first."""
    return db.session.scalars(
        select(Picture)
        .where(Picture.owner_id == user_id, Picture.status == "ready")
        .order_by(Picture.created_at, Picture.id)
    ).all()


def in_use(work: Session, owner_id: str, ids: Collection[str]) -> set[str]:
    """Those of these pictures of one owner that are somebody's, or a group's.

    A picture gets into a group by one of its members only, whose place there stays when they leave.
    """
    people = work.execute(
        select(User.picture_id, User.background_id).where(
            User.id == owner_id, or_(User.picture_id.in_(ids), User.background_id.in_(ids))
        )
    )
    groups = work.execute(
        select(Group.picture_id)
        .join(Participant, Participant.conversation_id == Group.conversation_id)
        .where(
            Participant.user_id == owner_id,
            Group.picture_id.in_(ids),
            Group.deleted_at.is_(None),
        )
    )
    return {id_ for row in (*people, *groups) for id_ in row if id_ is not None} & set(ids)
