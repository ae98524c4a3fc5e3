"""Secrets that nobody set: made at the first start and kept as files."""

from __future__ import annotations

import os
import secrets
import time
from pathlib import Path

from chatapp.settings.parsers import SECRET_BYTES
from chatapp.settings.reading import Setting, SettingsError


def read_or_create(path: Path, folder_setting: Setting) -> str:
    """Return the secret in this file, which the first start creates.

    Raises SettingsError that names ``folder_setting`` when the folder can't be used.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            _create(path)
        except FileExistsError:
            pass
        secret = _read(path)
    except OSError as exc:
        raise SettingsError(
            [
                f"  {folder_setting.name}={path.parent}\n"
                f"      wrong:   {exc.strerror}: {exc.filename}\n"
                f"      allowed: {folder_setting.allowed}"
            ]
        ) from None
    if len(secret.encode()) < SECRET_BYTES:
        raise SettingsError(
            [f"  {path} has fewer than {SECRET_BYTES} bytes: delete it, and a new one is made"]
        )
    return secret


def _create(path: Path) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(file, (secrets.token_urlsafe(48) + "\n").encode())
        os.fsync(file)
    finally:
        os.close(file)


def _read(path: Path) -> str:
    if path.stat().st_mode & 0o077:
        path.chmod(0o600)
    # Another process may have created the file a moment ago and not have filled it yet.
    for _ in range(50):
        secret = path.read_text(encoding="utf-8", errors="replace").strip()
        if secret:
            break
        time.sleep(0.01)
    return secret
