"""Use cases of pictures.

People and groups store the address that was given as their picture, and the id of the copy that is
kept here; `assign_picture` writes both. A picture that nobody uses any longer is deleted: its row,
and after the commit its file.
"""

from __future__ import annotations

from uuid import uuid4

from flask import current_app
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from chatapp.conversation.person_presenters import picture_path
from chatapp.core.db import after_commit, atomic
from chatapp.core.errors import NotFound, ValidationFailed
from chatapp.media import fetching
from chatapp.media.images import Purpose
from chatapp.media.queries import in_use
from chatapp.media.schemas import upload_id
from chatapp.media.storage import (
    PICTURE_COLUMNS,
    delete_files,
    delete_unused,
    lock_picture,
    set_file_facts,
    store_file,
)
from chatapp.models import Group, Picture, User
from chatapp.security import rate_limits
from config import Settings

#: How many unused uploads of one person are kept; older ones are deleted.
MAX_UNUSED_UPLOADS = 20


def upload(user_id: str, purpose: Purpose, data: bytes) -> Picture:
    """Re-encode and store an upload, for this person to use for this purpose.

    Raises UnsupportedMediaType, ValidationFailed, RateLimited, InsufficientStorage.
    """
    rate_limits.check_picture(user_id)
    id_ = str(uuid4())
    encoded = store_file(id_, data, purpose)
    try:
        with atomic() as work:
            # Lock the owner, so that concurrent uploads can't exceed the limit together.
            owner = work.get_one(User, user_id, with_for_update=True, populate_existing=True)
            if owner.deleted_at is not None:
                raise NotFound()
            picture = Picture(id=id_, owner_id=user_id, purpose=purpose)
            set_file_facts(picture, encoded)
            work.add(picture)
            work.flush()
            _delete_oldest_unused(work, user_id)
    except BaseException:
        delete_files([id_])
        raise
    return picture


def set_own_picture(user_id: str, purpose: Purpose, data: bytes | None) -> None:
    """Use an upload as this person's picture or background; with None, remove it.

    Raises as `upload` does.
    """
    address = None if data is None else picture_path(upload(user_id, purpose, data).id)
    with atomic() as work:
        user = work.get_one(User, user_id, with_for_update=True, populate_existing=True)
        assign_picture(work, user_id, user, purpose, address)


def assign_picture(
    work: Session, by: str, to: User | Group, purpose: Purpose, address: str | None
) -> None:
    """Give ``to`` the picture at this address; with None, remove its picture.

    Call it inside `atomic()`, with the row of ``to`` locked. An address on another site is
    downloaded after the commit, and the picture shown once that is done. Giving the same address
    again changes nothing, but repeats a download that failed. ``by`` is the acting person: an
    upload must be theirs. Raises ValidationFailed, which names the field, and RateLimited.
    """
    field, stored = PICTURE_COLUMNS[purpose]
    before, stored_before = getattr(to, field), getattr(to, stored)
    if address == before and (address is None or stored_before is not None):
        return
    _cancel_fetch(work, by, purpose, before)
    setattr(to, field, address)
    setattr(to, stored, None)
    if address is not None:
        own_id = upload_id(address)
        if own_id is not None:
            setattr(to, stored, _own_upload(by, purpose, own_id, field))
        else:
            _fetch_later(work, by, purpose, address)
    work.flush()
    if stored_before is not None:
        delete_replaced(work, stored_before)


def delete_replaced(work: Session, picture_id: str) -> None:
    """Delete a picture that was just replaced, unless something else still uses it."""
    owner_id = work.scalar(select(Picture.owner_id).where(Picture.id == picture_id))
    if owner_id is not None:
        delete_unused(work, owner_id, [picture_id])


def delete_all_pictures(work: Session, user: User) -> None:
    """Delete this person's pictures, except those that groups use."""
    user.profile_picture = user.picture_id = None
    user.background_image = user.background_id = None
    work.flush()
    ids = work.scalars(select(Picture.id).where(Picture.owner_id == user.id)).all()
    delete_unused(work, user.id, ids)


def _own_upload(by: str, purpose: Purpose, picture_id: str, field: str) -> str:
    picture = lock_picture(picture_id)
    expected = (by, purpose, "ready")
    if picture is None or (picture.owner_id, picture.purpose, picture.status) != expected:
        raise ValidationFailed(fields={field: "Upload this picture first."})
    return picture.id


def _fetch_later(work: Session, by: str, purpose: Purpose, address: str) -> None:
    settings: Settings = current_app.config["SETTINGS"]
    if settings.picture_fetch:
        rate_limits.check_picture(by)
        work.add(Picture(owner_id=by, purpose=purpose, source_url=address))
        after_commit(fetching.start)


def _cancel_fetch(work: Session, by: str, purpose: Purpose, address: str | None) -> None:
    """Delete rows for a download from this address that is waiting or has failed."""
    work.execute(
        delete(Picture).where(
            Picture.owner_id == by,
            Picture.purpose == purpose,
            Picture.source_url == address,
            Picture.status != "ready",
        )
    )


def _delete_oldest_unused(work: Session, user_id: str) -> None:
    """Keep only the latest `MAX_UNUSED_UPLOADS` unused uploads of this person."""
    uploads = work.scalars(
        select(Picture.id)
        .where(Picture.owner_id == user_id, Picture.source_url.is_(None))
        .order_by(Picture.created_at.desc(), Picture.id.desc())
    ).all()
    used = in_use(work, user_id, uploads)
    unused = [id_ for id_ in uploads if id_ not in used]
    delete_unused(work, user_id, unused[MAX_UNUSED_UPLOADS:])
