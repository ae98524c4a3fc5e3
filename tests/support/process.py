"""Processes that the tests start must not outlive them."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]


def dies_with_us(signal_name: str) -> list[str]:
    """A command's prefix that ends it even when pytest is killed before it can clean up (Linux)."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", signal_name, "--"] if setpriv else []


def end_group(process: subprocess.Popen[bytes], first: int = signal.SIGTERM) -> bool:
    """Ask the process (a leader of its own group) to end, then kill what is left of the group.

    SIGINT goes to the whole group, as Ctrl+C in a terminal does. True when asking was enough.
    """
    if process.poll() is None:
        if first == signal.SIGINT:
            os.killpg(process.pid, first)
        else:
            process.send_signal(first)
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            pass
    ended = process.poll() is not None
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()
    return ended
