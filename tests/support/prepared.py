"""A migrated database and its instance folder, made once and copied for each server."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.support.process import TOP
from tests.support.waiting import free_port


class Prepared:
    """What the first start leaves behind, by `chatapp.ops.preflight` itself."""

    def __init__(self, folder: Path, database_url: str | None = None) -> None:
        """Make it in this folder, unless it is there. Without an address it is SQLite's."""
        self._folder = folder
        self.database_url = database_url or f"sqlite:///{folder}/chatapp.db"
        if database_url is None and folder.exists():
            return
        environ = {
            **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
            "INSTANCE_DIR": str(folder),
            "DATABASE_URL": self.database_url,
            "PORT": str(free_port()),
            "SECRET_KEY": "s" * 40,
            "JWT_SECRET": "j" * 40,
        }
        done = subprocess.run(
            [sys.executable, "-m", "chatapp.ops.preflight"],
            cwd=TOP,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def copy_to(self, folder: Path) -> None:
        """Put what the instance folder holds, SQLite's database too, into this one."""
        shutil.copytree(self._folder, folder, dirs_exist_ok=True)
