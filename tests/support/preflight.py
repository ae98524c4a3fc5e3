"""Running the preparation of a start."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import config

TOP = Path(config.__file__).parent


def run(tmp_path: Path, *, wait: bool = True, **environ: str) -> Any:
    """Run `python -m chatapp.ops.preflight` as a process."""
    process = subprocess.Popen(
        [sys.executable, "-m", "chatapp.ops.preflight"],
        cwd=TOP,
        env={"PATH": os.environ["PATH"], "INSTANCE_DIR": str(tmp_path), **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if not wait:
        return process
    output = process.communicate(timeout=180)[0]
    return process.returncode, output
