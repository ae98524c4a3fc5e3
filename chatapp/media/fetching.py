"""Pictures that were given as an address elsewhere: fetched once, beside the requests.

The rows that wait are the queue, so a restart loses none, and few are fetched at once however many
there are: other work in the background doesn't wait for slow servers.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from flask import current_app
from sqlalchemy import select
from sqlalchemy.orm import Session

from chatapp.conversation.access import lock_conversations
from chatapp.conversation.members import announce_updated, change
from chatapp.core import concurrency
from chatapp.core.db import atomic, db, release
from chatapp.core.errors import ChatError
from chatapp.jobs import runner
from chatapp.media.images import Purpose, Remade
from chatapp.media.storage import COLUMNS, describe_file, drop_files, keep_file, locked_picture
from chatapp.models import Conversation, Group, Participant, Picture, User
from chatapp.security.safe_fetch import Refused, fetch
from config import Settings

log = logging.getLogger(__name__)

MOST_AT_ONCE = 2

_lock = concurrency.lock()
_busy: set[str] = set()


def begin() -> None:
    """Fetch what waits, in the background."""
    runner.run(_fetch_waiting)


def _fetch_waiting() -> None:
    while (picture := _take()) is not None:
        try:
            _fetch(picture)
        finally:
            with _lock:
                _busy.discard(picture.id)


def _take() -> Picture | None:
    """The one that waits longest, for nobody else to take; None where enough are under way."""
    with _lock:
        if len(_busy) >= MOST_AT_ONCE:
            return None
        release()
        picture = db.session.scalar(
            select(Picture)
            .where(Picture.status == "waiting", Picture.id.not_in(_busy))
            .order_by(Picture.created_at, Picture.id)
            .limit(1)
        )
        if picture is not None:
            db.session.expunge(picture)
            _busy.add(picture.id)
        release()
        return picture


def _fetch(picture: Picture) -> None:
    settings: Settings = current_app.config["SETTINGS"]
    purpose: Purpose = picture.purpose  # type: ignore[assignment]
    try:
        data = fetch(picture.source_url or "", "image/", allow=settings.picture_fetch_allow)
        remade = keep_file(picture.id, data, purpose)
    except (Refused, ChatError) as exc:
        log.info("a picture isn't fetched: %s", exc)
        _fail(picture)
    except Exception:
        log.exception("a picture isn't fetched")
        _fail(picture)
    else:
        if not _settle(picture, remade):
            drop_files([picture.id])


def _fail(picture: Picture) -> None:
    with atomic():
        row = locked_picture(picture.id)
        if row is not None:
            row.status = "failed"


def _settle(picture: Picture, remade: Remade) -> bool:
    """Whoever still has this address as their picture has it now; False where that is nobody."""
    with atomic() as work:
        holders = _holders(work, picture)
        row = locked_picture(picture.id)
        if row is None or not holders:
            if row is not None:
                work.delete(row)
            return False
        describe_file(row, remade)
        for holder in holders:
            setattr(holder, COLUMNS[picture.purpose][1], picture.id)
            if isinstance(holder, Group):
                conversation = work.get_one(Conversation, holder.conversation_id)
                change(conversation)
                work.flush()
                announce_updated(conversation)
    return True


def _holders(work: Session, picture: Picture) -> Sequence[User | Group]:
    """Who waits for this picture, locked: its owner, or groups of its owner's."""
    if picture.purpose != "group":
        user = work.get_one(User, picture.owner_id, with_for_update=True, populate_existing=True)
        field, kept = COLUMNS[picture.purpose]
        waits = getattr(user, field) == picture.source_url and getattr(user, kept) is None
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
    # Read once more: the wait may have changed it.
    return work.scalars(waiting.execution_options(populate_existing=True)).all()
