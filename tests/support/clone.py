"""The repository as a newcomer gets it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.support.process import TOP

#: What .gitignore names, for a copy without git.
IGNORED = {
    *(".git", ".env", ".venv", "instance", "node_modules", "__pycache__", "test-results"),
    *(".hypothesis", ".import_linter_cache", ".mypy_cache", ".pytest_cache", ".ruff_cache"),
}


def repository_files() -> list[Path]:
    """Every file of the present tree that is or could be committed, relative to the top."""
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-co", "--exclude-standard", "-z"],
            cwd=TOP,
            check=True,
            capture_output=True,
        )
    except (FileNotFoundError, subprocess.CalledProcessError):
        return sorted(_walk(TOP), key=str)  # no git, or downloaded without its history
    names = {name for name in listed.stdout.decode().split("\0") if name}
    return [Path(name) for name in sorted(names) if (TOP / name).is_file()]


def _walk(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.name in IGNORED:
            continue
        if path.is_dir() and not path.is_symlink():
            yield from _walk(path)
        elif path.is_file():
            yield path.relative_to(TOP)


def copy_repository(target: Path) -> None:
    """Those files, nothing else, under `target`: a clone that holds uncommitted work too."""
    for name in repository_files():
        copy = target / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(TOP / name, copy)
