"""The repository as a newcomer gets it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.support.process import TOP


def repository_files() -> list[Path]:
    """Every file of the present tree that is or could be committed, relative to the top."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"],
        cwd=TOP,
        check=True,
        capture_output=True,
    )
    names = {name for name in listed.stdout.decode().split("\0") if name}
    return [Path(name) for name in sorted(names) if (TOP / name).is_file()]


def copy_repository(target: Path) -> None:
    """Those files, nothing else, under `target`: a clone that holds uncommitted work too."""
    for name in repository_files():
        copy = target / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(TOP / name, copy)
