"""A Redis of the tests' own: a temporary folder, a free port, gone when the tests end."""

from __future__ import annotations

import atexit
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import redis

from tests.support.process import dies_with_us
from tests.support.waiting import free_port, wait_until


class RedisServer:
    """One server. It can be stopped, started again on its data, and made to hang."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.client = redis.Redis.from_url(self.url, socket_timeout=5)
        self._folder = Path(tempfile.mkdtemp(prefix="chatapp-redis-"))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> RedisServer:
        """Returns when it answers; it ends with the tests, however they end."""
        program = shutil.which("redis-server")
        assert program, "these tests need redis-server. On Debian: apt-get install redis-server"
        atexit.register(self.remove)
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *(*dies_with_us("KILL"), program, "--port", str(self.port)),
                    *("--bind", "127.0.0.1", "--dir", self._folder),
                    *("--save", "", "--appendonly", "yes", "--appendfsync", "no"),
                ],
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        wait_until(self._answers, "Redis answers")
        return self

    def stop(self) -> None:
        """It's gone, its data stay."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.terminate()
            self._process.wait(timeout=10)
            self._process = None

    def hang(self) -> None:
        """Connections stay open, and nothing answers."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def wake(self) -> None:
        """It goes on as if nothing had been."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def remove(self) -> None:
        """Stop and remove the folder; harmless when already done."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)
        atexit.unregister(self.remove)

    def _answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except redis.RedisError:
            return False
