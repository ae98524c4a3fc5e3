"""Where files are kept, chosen by address: a folder of this computer.

What goes in has a name of ours (``kind/uuid``), never one that somebody gave, so no name leads
anywhere else. A file is there whole or not at all.
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
    """Files by name. They don't change: what is different has another name."""

    def put(self, name: str, data: bytes) -> None:
        """The file is kept, and still there after a power cut. Raises InsufficientStorage."""

    def open(self, name: str) -> BinaryIO:
        """The file, to read. Raises NotFound."""

    def delete(self, name: str) -> None:
        """The file is gone, if there was one."""


class Folder:
    """Files in a folder that is this process's own."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def put(self, name: str, data: bytes) -> None:
        """The file is kept, and still there after a power cut. Raises InsufficientStorage."""
        path = self._place(name)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        half = path.parent / f".{uuid4().hex}"
        try:
            with open(half, "xb", opener=_private) as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            half.replace(path)
        except OSError as exc:
            half.unlink(missing_ok=True)
            if exc.errno in _FULL:
                raise InsufficientStorage() from None
            raise
        _sync(path.parent)

    def open(self, name: str) -> BinaryIO:
        """The file, to read. Raises NotFound."""
        try:
            return self._place(name).open("rb")
        except FileNotFoundError:
            raise NotFound() from None

    def delete(self, name: str) -> None:
        """The file is gone, if there was one."""
        self._place(name).unlink(missing_ok=True)

    def _place(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name of a file")
        return self._path / name


def init_app(app: Flask, settings: Settings) -> None:
    """Keep files where the settings say."""
    app.extensions["files"] = files_for(settings)


def files_for(settings: Settings) -> Files:
    """The files at MEDIA_URL."""
    return Folder(Path(settings.media_url.removeprefix("file:")))


def files() -> Files:
    """This application's files."""
    kept: Files = current_app.extensions["files"]
    return kept


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _sync(folder: Path) -> None:
    """A new name is on the disk only once its folder is."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
