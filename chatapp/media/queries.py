"""Queries about pictures: who may see them, and which are in use."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from chatapp.core.db import db
from chatapp.core.errors import NotFound
from chatapp.models import Group, Participant, Picture, User


def visible_picture(viewer_id: str, picture_id: str) -> Picture:
    """Return a picture that this person may see, or raise NotFound.

    People may see their own pictures, the current pictures of all people, and those of groups that
    they are in.
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


def owned_pictures(user_id: str) -> Sequence[Picture]:
    """Return the stored pictures of this person, the oldest first."""
    return db.session.scalars(
        select(Picture)
        .where(Picture.owner_id == user_id, Picture.status == "ready")
        .order_by(Picture.created_at, Picture.id)
    ).all()


def in_use(work: Session, owner_id: str, ids: Collection[str]) -> set[str]:
    """Return which of these pictures of one owner are shown by a person or a group.

    Only a member can give a group its picture, and their participant row stays when they leave.
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
