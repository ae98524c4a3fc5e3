"""The files of pictures and their database rows, which are created and deleted together."""

from __future__ import annotations

import logging
from collections.abc import Collection
from functools import partial
from threading import Lock

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from chatapp.core import concurrency, native_threads
from chatapp.core.db import after_commit, db, release_connection
from chatapp.media.file_store import Files, files
from chatapp.media.images import EncodedImage, Purpose, reencode
from chatapp.media.queries import in_use
from chatapp.models import Picture

log = logging.getLogger(__name__)

#: By purpose: the column of the given address, and that of the id of the stored copy.
PICTURE_COLUMNS: dict[str, tuple[str, str]] = {
    "profile": ("profile_picture", "picture_id"),
    "background": ("background_image", "background_id"),
    "group": ("group_picture", "picture_id"),
}

#: A large picture takes hundreds of megabytes while it is decoded.
_decoding: Lock = concurrency.lock()


def file_name(picture_id: str) -> str:
    """Return the name of this picture's file."""
    return f"pictures/{picture_id}"


def store_file(picture_id: str, data: bytes, purpose: Purpose) -> EncodedImage:
    """Re-encode ``data`` and store it as this picture's file.

    Raises as `reencode` does, and InsufficientStorage.
    """
    release_connection()
    with _decoding:
        return native_threads.run_in_thread(_reencode_and_store, files(), picture_id, data, purpose)


def _reencode_and_store(
    store: Files, picture_id: str, data: bytes, purpose: Purpose
) -> EncodedImage:
    encoded = reencode(data, purpose)
    store.put(file_name(picture_id), encoded.data)
    return encoded


def set_file_facts(picture: Picture, encoded: EncodedImage) -> None:
    """Mark the picture as ready, with the type and size of its file."""
    picture.status = "ready"
    picture.mime_type, picture.size = encoded.mime_type, len(encoded.data)
    picture.width, picture.height = encoded.width, encoded.height


def delete_unused(work: Session, owner_id: str, ids: Collection[str]) -> None:
    """Delete those of these pictures of one owner that nobody uses, their files after the commit.

    The rows are locked first, so that a concurrent `assign_picture` waits and then finds no row.
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
        after_commit(partial(delete_files, unused))


def delete_files(ids: Collection[str]) -> None:
    """Delete the files of these pictures; failures are logged."""
    for id_ in ids:
        try:
            files().delete(file_name(id_))
        except OSError:
            log.exception("the file of a picture can't be deleted")


def lock_picture(picture_id: str) -> Picture | None:
    """Lock the picture's row until the commit, and return it as it is now."""
    return db.session.get(Picture, picture_id, with_for_update=True, populate_existing=True)
