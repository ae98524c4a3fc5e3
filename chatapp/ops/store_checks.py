"""Check the folder for files and the session store before the start."""

from __future__ import annotations

import logging
from pathlib import Path

from chatapp.ops.errors import NotReady
from config import Settings, masked

log = logging.getLogger(__name__)


def prepare_media_folder(settings: Settings) -> None:
    """Create the folder for files and check that it is writable. Raises NotReady."""
    folder = Path(settings.media_url.removeprefix("file:"))
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / ".writable").touch()
        (folder / ".writable").unlink(missing_ok=True)
    except OSError as exc:
        raise NotReady(
            f"the folder {folder} can't be written to: {exc.strerror}. Check MEDIA_URL."
        ) from None


def prepare_session_store(settings: Settings) -> None:
    """Create the indexes that a session store outside the database needs.

    A store that doesn't answer doesn't stop the start: tokens work without it, and sessions work
    again once it answers. Raises NotReady when it refuses us, or its address is wrong.
    """
    if settings.session_url == "database":
        return
    from chatapp.security.session_stores import store_for

    address = masked(settings.session_url)
    try:
        store = store_for(settings)
        unreadable: tuple[type[Exception], ...] = (*store.unreadable, ValueError)
    except ValueError:
        raise NotReady(f"the session store's address {address} can't be read.") from None
    try:
        store.prepare()
    except unreadable:
        raise NotReady(f"the session store's address {address} can't be read.") from None
    except store.refusals as exc:
        raise NotReady(
            f"the session store {address} refused us. Check SESSION_URL or MONGODB_URL.\n{exc}"
        ) from None
    except store.failures as exc:
        log.warning(
            "the session store %s doesn't answer (%s): until it does, pages can't tell who is "
            "signed in",
            address,
            type(exc).__name__,
        )
