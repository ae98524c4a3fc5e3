"""Download pictures that were given as an address on another site, once, in the background.

Rows with the status "waiting" are the queue, so a restart loses none. Only a few are downloaded at
once, so that other background jobs don't wait for slow servers.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from flask import current_app
from sqlalchemy import select
from sqlalchemy.orm import Session

from chatapp.conversation.access import lock_conversations
from chatapp.conversation.members import announce_updated, bump_version
from chatapp.core import concurrency
from chatapp.core.db import atomic, db, release_connection
from chatapp.core.errors import ChatError
from chatapp.jobs import runner
from chatapp.media.images import EncodedImage, Purpose
from chatapp.media.storage import (
    PICTURE_COLUMNS,
    delete_files,
    lock_picture,
    set_file_facts,
    store_file,
)
from chatapp.models import Conversation, Group, Participant, Picture, User
from chatapp.security.safe_fetch import Refused, fetch
from config import Settings

log = logging.getLogger(__name__)

MAX_AT_ONCE = 2

_lock = concurrency.lock()
_busy: set[str] = set()


def start() -> None:
    """Download the waiting pictures in the background."""
    runner.run_later(_fetch_all_waiting)


def _fetch_all_waiting() -> None:
    while (picture := _claim_next()) is not None:
        try:
            _fetch(picture)
        finally:
            with _lock:
                _busy.discard(picture.id)


def _claim_next() -> Picture | None:
    """Claim the picture that has waited longest; None if enough downloads are running."""
    with _lock:
        if len(_busy) >= MAX_AT_ONCE:
            return None
        release_connection()
        picture = db.session.scalar(
            select(Picture)
            .where(Picture.status == "waiting", Picture.id.not_in(_busy))
            .order_by(Picture.created_at, Picture.id)
            .limit(1)
        )
        if picture is not None:
            db.session.expunge(picture)
            _busy.add(picture.id)
        release_connection()
        return picture


def _fetch(picture: Picture) -> None:
    settings: Settings = current_app.config["SETTINGS"]
    purpose: Purpose = picture.purpose  # type: ignore[assignment]
    try:
        data = fetch(picture.source_url or "", "image/", allow=settings.picture_fetch_allow)
        encoded = store_file(picture.id, data, purpose)
    except (Refused, ChatError) as exc:
        log.info("a picture could not be downloaded: %s", exc)
        _mark_failed(picture)
    except Exception:
        log.exception("a picture could not be downloaded")
        _mark_failed(picture)
    else:
        if not _assign_to_holders(picture, encoded):
            delete_files([picture.id])


def _mark_failed(picture: Picture) -> None:
    with atomic():
        row = lock_picture(picture.id)
        if row is not None:
            row.status = "failed"


def _assign_to_holders(picture: Picture, encoded: EncodedImage) -> bool:
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
