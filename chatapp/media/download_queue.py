"""The queue of pictures to download: rows with the status "waiting", so a restart loses none."""

from __future__ import annotations

from flask import Flask, current_app
from sqlalchemy import select

from chatapp.core import concurrency
from chatapp.core.db import db, release_connection
from chatapp.models import Picture

MAX_AT_ONCE = 2


class DownloadQueue:
    """Hands out waiting pictures, each to one task and few at once."""

    def __init__(self) -> None:
        self._lock = concurrency.lock()
        #: The ids of the pictures that are being downloaded.
        self.busy: set[str] = set()

    def claim_next(self) -> Picture | None:
        """Claim the picture that has waited longest; None if enough downloads are running."""
        with self._lock:
            if len(self.busy) >= MAX_AT_ONCE:
                return None
            release_connection()
            picture = db.session.scalar(
                select(Picture)
                .where(Picture.status == "waiting", Picture.id.not_in(self.busy))
                .order_by(Picture.created_at, Picture.id)
                .limit(1)
            )
            if picture is not None:
                db.session.expunge(picture)
                self.busy.add(picture.id)
            release_connection()
            return picture

    def release(self, picture: Picture) -> None:
        """End a claim, whether or not the download succeeded."""
        with self._lock:
            self.busy.discard(picture.id)


def init_app(app: Flask) -> None:
    """Give the app a queue of its own."""
    app.extensions["downloads"] = DownloadQueue()


def current_queue() -> DownloadQueue:
    """Return the current app's queue."""
    queue: DownloadQueue = current_app.extensions["downloads"]
    return queue
