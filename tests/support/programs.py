"""Programs that tests put on PATH."""

from __future__ import annotations

from pathlib import Path


def write_program(path: Path, text: str) -> None:
    """Make an executable shell script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
