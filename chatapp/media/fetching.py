"""Download pictures that were given as an address on another site, once, in the background.

Only a few are downloaded at once, so that other background jobs don't wait for slow servers.
"""

from __future__ import annotations

import logging

from flask import current_app

from chatapp.core.db import atomic
from chatapp.core.errors import ChatError
from chatapp.jobs import runner
from chatapp.media.download_queue import current_queue
from chatapp.media.images import Purpose
from chatapp.media.picture_holders import assign_to_holders
from chatapp.media.storage import delete_files, lock_picture, store_file
from chatapp.models import Picture
from chatapp.security.safe_fetch import Refused, fetch
from config import Settings

log = logging.getLogger(__name__)


def start() -> None:
    """Download the waiting pictures in the background."""
    runner.run_later(_fetch_all_waiting)


def _fetch_all_waiting() -> None:
    queue = current_queue()
    while (picture := queue.claim_next()) is not None:
        try:
            _fetch(picture)
        finally:
            queue.release(picture)


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
        if not assign_to_holders(picture, encoded):
            delete_files([picture.id])


def _mark_failed(picture: Picture) -> None:
    with atomic():
        row = lock_picture(picture.id)
        if row is not None:
            row.status = "failed"
