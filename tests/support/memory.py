"""How much memory a live server uses."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.server import LiveServer

MEGABYTE = 1024 * 1024
_PAGE = 4096


@dataclass
class Peak:
    """Bytes at the start, and at the most since."""

    start: int
    most: int

    @property
    def growth(self) -> int:
        return self.most - self.start


def resident(server: LiveServer) -> int:
    """Bytes of the worker."""
    statm = Path(f"/proc/{server.worker_pid()}/statm").read_text(encoding="utf-8")
    return int(statm.split()[1]) * _PAGE


@contextmanager
def peak(server: LiveServer) -> Iterator[Peak]:
    """Watches the server's memory until the block ends."""
    gc.collect()
    now = resident(server)
    seen, done = Peak(now, now), threading.Event()

    def look() -> None:
        while not done.is_set():
            seen.most = max(seen.most, resident(server))
            time.sleep(0.005)

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield seen
    finally:
        done.set()
        watcher.join()
