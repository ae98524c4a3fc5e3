"""Use cases of pictures.

A person or a group has what was given as its picture, and the id of what is kept of that here.
Whichever door it comes by, `give_picture` writes both. A picture that nobody has any more goes,
row and file, the file once that is committed.
"""

from __future__ import annotations

from uuid import uuid4

from flask import current_app
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from chatapp.conversation.presenters import picture_path
from chatapp.core.db import after_commit, atomic
from chatapp.core.errors import NotFound, ValidationFailed
from chatapp.media import fetching
from chatapp.media.images import Purpose
from chatapp.media.queries import in_use
from chatapp.media.schemas import kept_id
from chatapp.media.storage import (
    COLUMNS,
    describe_file,
    drop_files,
    drop_unused,
    keep_file,
    locked_picture,
)
from chatapp.models import Group, Picture, User
from chatapp.security import rate_limits
from config import Settings

#: Uploads of one person that nobody has as a picture; older ones make room.
MOST_UNUSED = 20


def upload(user_id: str, purpose: Purpose, data: bytes) -> Picture:
    """What was sent is kept, made anew, for this person to use for this purpose.

    Raises UnsupportedMediaType, ValidationFailed, RateLimited, InsufficientStorage.
    """
    rate_limits.check_picture(user_id)
    id_ = str(uuid4())
    remade = keep_file(id_, data, purpose)
    try:
        with atomic() as work:
            # One upload of a person after the other: they can't pass the limit together.
            owner = work.get_one(User, user_id, with_for_update=True, populate_existing=True)
            if owner.deleted_at is not None:
                raise NotFound()
            picture = Picture(id=id_, owner_id=user_id, purpose=purpose)
            describe_file(picture, remade)
            work.add(picture)
            work.flush()
            _make_room(work, user_id)
    except BaseException:
        drop_files([id_])
        raise
    return picture


def set_own_picture(user_id: str, purpose: Purpose, data: bytes | None) -> None:
    """What was sent is this person's picture, or background; with None they have none.

    Raises as `upload` does.
    """
    address = None if data is None else picture_path(upload(user_id, purpose, data).id)
    with atomic() as work:
        user = work.get_one(User, user_id, with_for_update=True, populate_existing=True)
        give_picture(work, user_id, user, purpose, address)


def give_picture(
    work: Session, by: str, to: User | Group, purpose: Purpose, address: str | None
) -> None:
    """``to`` has what is at this address as its picture; with None it has none.

    Inside `atomic()`, with its row locked. An address elsewhere is fetched after the commit, and
    shown once that is done. What stands may be given again: nothing changes, but an address that
    couldn't be fetched is tried once more. ``by`` is who does it: an upload has to be theirs.
    Raises ValidationFailed, which names the field, and RateLimited.
    """
    field, kept = COLUMNS[purpose]
    before, kept_before = getattr(to, field), getattr(to, kept)
    if address == before and (address is None or kept_before is not None):
        return
    _forget_attempts(work, by, purpose, before)
    setattr(to, field, address)
    setattr(to, kept, None)
    if address is not None:
        own_id = kept_id(address)
        if own_id is not None:
            setattr(to, kept, _own_upload(by, purpose, own_id, field))
        else:
            _fetch_later(work, by, purpose, address)
    work.flush()
    if kept_before is not None:
        drop_replaced(work, kept_before)


def drop_replaced(work: Session, picture_id: str) -> None:
    """A picture that somebody or a group had is gone, unless another has it too."""
    owner_id = work.scalar(select(Picture.owner_id).where(Picture.id == picture_id))
    if owner_id is not None:
        drop_unused(work, owner_id, [picture_id])


def drop_all_of(work: Session, user: User) -> None:
    """This person has no picture, and none of theirs is kept but those that groups have."""
    user.profile_picture = user.picture_id = None
    user.background_image = user.background_id = None
    work.flush()
    ids = work.scalars(select(Picture.id).where(Picture.owner_id == user.id)).all()
    drop_unused(work, user.id, ids)


def _own_upload(by: str, purpose: Purpose, picture_id: str, field: str) -> str:
    picture = locked_picture(picture_id)
    of_theirs = (by, purpose, "ready")
    if picture is None or (picture.owner_id, picture.purpose, picture.status) != of_theirs:
        raise ValidationFailed(fields={field: "You have uploaded no such picture for this."})
    return picture.id


def _fetch_later(work: Session, by: str, purpose: Purpose, address: str) -> None:
    settings: Settings = current_app.config["SETTINGS"]
    if settings.picture_fetch:
        rate_limits.check_picture(by)
        work.add(Picture(owner_id=by, purpose=purpose, source_url=address))
        after_commit(fetching.begin)


def _forget_attempts(work: Session, by: str, purpose: Purpose, address: str | None) -> None:
    """What was to be fetched from an address that is no longer given, or couldn't be."""
    work.execute(
        delete(Picture).where(
            Picture.owner_id == by,
            Picture.purpose == purpose,
            Picture.source_url == address,
            Picture.status != "ready",
        )
    )


def _make_room(work: Session, user_id: str) -> None:
    """The latest unused uploads stay, as many as anyone may have."""
    uploads = work.scalars(
        select(Picture.id)
        .where(Picture.owner_id == user_id, Picture.source_url.is_(None))
        .order_by(Picture.created_at.desc(), Picture.id.desc())
    ).all()
    used = in_use(work, user_id, uploads)
    unused = [id_ for id_ in uploads if id_ not in used]
    drop_unused(work, user_id, unused[MOST_UNUSED:])
