"""The store for uploaded files: a folder on this computer, chosen by MEDIA_URL.

Names are generated here (``kind/uuid``) and never come from a person, so none can lead out of the
folder. A file is stored completely or not at all.
"""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path
from typing import BinaryIO, Protocol
from uuid import uuid4

from flask import Flask, current_app

from chatapp.core.errors import InsufficientStorage, NotFound
from config import Settings

_NAME = re.compile(r"[a-z]+/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_FULL = (errno.ENOSPC, errno.EDQUOT)


class Files(Protocol):
    """Files by name. They never change: different content gets another name."""

    def put(self, name: str, data: bytes) -> None:
        """Store the file so that it survives a power cut. Raises InsufficientStorage."""

    def open(self, name: str) -> BinaryIO:
        """Open the file for reading. Raises NotFound."""

    def delete(self, name: str) -> None:
        """Delete the file if it exists."""


class Folder:
    """Files in a folder that no other program uses."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def put(self, name: str, data: bytes) -> None:
        """Store the file so that it survives a power cut. Raises InsufficientStorage."""
        path = self._path_of(name)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial = path.parent / f".{uuid4().hex}"
        try:
            with open(partial, "xb", opener=_private) as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        except OSError as exc:
            partial.unlink(missing_ok=True)
            if exc.errno in _FULL:
                raise InsufficientStorage() from None
            raise
        _sync(path.parent)

    def open(self, name: str) -> BinaryIO:
        """Open the file for reading. Raises NotFound."""
        try:
            return self._path_of(name).open("rb")
        except FileNotFoundError:
            raise NotFound() from None

    def delete(self, name: str) -> None:
        """Delete the file if it exists."""
        self._path_of(name).unlink(missing_ok=True)

    def _path_of(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is not the name of a file")
        return self._path / name


def init_app(app: Flask, settings: Settings) -> None:
    """Store files where the settings say."""
    app.extensions["files"] = make_file_store(settings)


def make_file_store(settings: Settings) -> Files:
    """Return the store at MEDIA_URL."""
    return Folder(Path(settings.media_url.removeprefix("file:")))


def files() -> Files:
    """Return this application's store."""
    store: Files = current_app.extensions["files"]
    return store


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _sync(folder: Path) -> None:
    """Flush the folder: a new name survives a power cut only once its folder is on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
