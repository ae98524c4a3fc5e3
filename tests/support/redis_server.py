"""A Redis of the tests' own."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Self

import redis

from tests.support.own_server import OwnServer


class RedisServer(OwnServer):
    """One server, see `OwnServer`."""

    name = "redis-server"

    def __init__(self) -> None:
        super().__init__()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.client = redis.Redis.from_url(self.url, socket_timeout=5)

    def start(self) -> Self:
        """Returns when it answers; it ends with the tests, however they end."""
        self._run()
        return self

    def _command(self) -> list[str | Path]:
        program = shutil.which(self.name)
        assert program, "these tests need redis-server. On Debian: apt-get install redis-server"
        return [
            *(program, "--port", str(self.port), "--bind", "127.0.0.1", "--dir", self._folder),
            *("--save", "", "--appendonly", "yes", "--appendfsync", "no"),
        ]

    def _is_ready(self) -> bool:
        try:
            return bool(self.client.ping())
        except redis.RedisError:
            return False
