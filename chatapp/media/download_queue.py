"""The queue of pictures to download: rows with the status "waiting", so a restart loses none."""

from __future__ import annotations

from flask import Flask, current_app
from sqlalchemy import select

from chatapp.core import concurrency
from chatapp.core.db import db, release_connection
from chatapp.models import Picture

MAX_AT_ONCE = 2


class DownloadQueue:
    """Hands out waiting pictures, each to one task and few at once, one of each person."""

    def __init__(self) -> None:
        self._lock = concurrency.lock()
        #: The pictures that are being downloaded, and whose they are.
        self.busy: dict[str, str] = {}

    def claim_next(self) -> Picture | None:
        """Claim the picture that has waited longest; None if enough downloads are running.

        Of a person whose picture is being downloaded the others wait: slow servers that one person
        names don't hold up everyone.
        """
        with self._lock:
            if len(self.busy) >= MAX_AT_ONCE:
                return None
            release_connection()
            picture = db.session.scalar(
                select(Picture)
                .where(Picture.status == "waiting", Picture.owner_id.not_in(self.busy.values()))
                .order_by(Picture.created_at, Picture.id)
                .limit(1)
            )
            if picture is not None:
                db.session.expunge(picture)
                self.busy[picture.id] = picture.owner_id
            release_connection()
            return picture

    def release(self, picture: Picture) -> None:
        """End a claim, whether or not the download succeeded."""
        with self._lock:
            self.busy.pop(picture.id, None)


def init_app(app: Flask) -> None:
    """Give the app a queue of its own."""
    app.extensions["downloads"] = DownloadQueue()


def current_queue() -> DownloadQueue:
    """Return the current app's queue."""
    queue: DownloadQueue = current_app.extensions["downloads"]
    return queue
