"""The files of pictures, and the rows that stand for them: both come and go together."""

from __future__ import annotations

import logging
from collections.abc import Collection
from functools import partial
from threading import Lock

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from chatapp.core import concurrency
from chatapp.core.db import after_commit, db, release
from chatapp.media.file_store import Files, files
from chatapp.media.images import Purpose, Remade, remake
from chatapp.media.queries import in_use
from chatapp.models import Picture

log = logging.getLogger(__name__)

#: Where stands what was given, and what is kept of it.
COLUMNS: dict[str, tuple[str, str]] = {
    "profile": ("profile_picture", "picture_id"),
    "background": ("background_image", "background_id"),
    "group": ("group_picture", "picture_id"),
}

#: A large picture takes hundreds of megabytes while it is decoded.
_one_at_a_time: Lock = concurrency.lock()


def file_name(picture_id: str) -> str:
    """What the file of this picture is called."""
    return f"pictures/{picture_id}"


def keep_file(picture_id: str, data: bytes, purpose: Purpose) -> Remade:
    """What becomes of ``data`` is kept as this picture's file.

    Raises as `remake` does, and InsufficientStorage.
    """
    release()
    with _one_at_a_time:
        return concurrency.run_in_thread(_keep, files(), picture_id, data, purpose)


def _keep(kept: Files, picture_id: str, data: bytes, purpose: Purpose) -> Remade:
    remade = remake(data, purpose)
    kept.put(file_name(picture_id), remade.data)
    return remade


def describe_file(picture: Picture, remade: Remade) -> None:
    """The row says what its file is: there is a picture to show."""
    picture.status = "ready"
    picture.mime_type, picture.size = remade.mime_type, len(remade.data)
    picture.width, picture.height = remade.width, remade.height


def drop_unused(work: Session, owner_id: str, ids: Collection[str]) -> None:
    """Those of these pictures of one owner that nobody has are gone, their files after the commit.

    Their rows are locked first: whoever is about to take one waits, and then doesn't find it.
    """
    rows = work.scalars(
        select(Picture.id)
        .where(Picture.owner_id == owner_id, Picture.id.in_(ids))
        .order_by(Picture.id)
        .with_for_update()
    ).all()
    unused = set(rows) - in_use(work, owner_id, rows) if rows else set()
    if unused:
        work.execute(delete(Picture).where(Picture.id.in_(unused)))
        after_commit(partial(drop_files, unused))


def drop_files(ids: Collection[str]) -> None:
    """The files of these pictures are gone; one that can't be removed is logged."""
    for id_ in ids:
        try:
            files().delete(file_name(id_))
        except OSError:
            log.exception("the file of a picture can't be removed")


def locked_picture(picture_id: str) -> Picture | None:
    """The picture as it now is, until the commit."""
    return db.session.get(Picture, picture_id, with_for_update=True, populate_existing=True)
