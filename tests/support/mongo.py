"""A MongoDB of the tests' own: a temporary folder, a free port, gone when the tests end."""

from __future__ import annotations

import atexit
import shutil
import signal
import subprocess
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.collection import Collection
from pymongo.errors import PyMongoError

from tests.support.process import dies_with_us
from tests.support.waiting import free_port, wait_until


def find_program() -> Path:
    """`mongod`: the system's, else the one that requirements-dev.txt installs."""
    on_path = shutil.which("mongod")
    if on_path:
        return Path(on_path)
    from_wheel = Path(sysconfig.get_path("purelib")) / "fiftyone/db/bin/mongod"
    if not from_wheel.exists():
        raise RuntimeError("these tests need mongod: install MongoDB, and have it on PATH")
    from_wheel.chmod(0o755)  # wheels don't always keep it
    return from_wheel


class Mongo:
    """One server. It can be stopped, started again on its data, and made to hang."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"mongodb://127.0.0.1:{self.port}"
        self._folder = Path(tempfile.mkdtemp(prefix="chatapp-mongo-"))
        self._process: subprocess.Popen[bytes] | None = None
        self._client: MongoClient[dict[str, Any]] = MongoClient(
            self.url, serverSelectionTimeoutMS=1000
        )

    def start(self) -> Mongo:
        """Returns when it answers; it ends with the tests, however they end."""
        atexit.register(self.remove)
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *(*dies_with_us("KILL"), find_program(), "--dbpath", self._folder),
                    *("--bind_ip", "127.0.0.1", "--port", str(self.port), "--quiet"),
                    *("--nounixsocket", "--wiredTigerCacheSizeGB", "0.25"),
                    *("--setParameter", "ttlMonitorSleepSecs=1"),
                    *("--setParameter", "diagnosticDataCollectionEnabled=false"),
                ],
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        wait_until(self._answers, "MongoDB answers", details=self.log)
        return self

    def stop(self) -> None:
        """It's gone, its data stay."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.terminate()
            try:
                self._process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def hang(self) -> None:
        """Connections stay open, and nothing answers."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def wake(self) -> None:
        """It goes on as if nothing had been."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def sessions(self, database: str = "chatapp") -> Collection[dict[str, Any]]:
        """What chatapp keeps there."""
        return self._client[database]["sessions"]

    def counted(self) -> dict[str, int]:
        """How many operations of each kind it has been asked for."""
        counters = self._client.admin.command("serverStatus")["opcounters"]
        return {name: counters[name] for name in ("insert", "query", "update", "delete")}

    def log(self) -> str:
        return (self._folder / "log").read_text(errors="replace")

    def remove(self) -> None:
        """Stop and remove the folder; harmless when already done."""
        self._client.close()
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)
        atexit.unregister(self.remove)

    def _answers(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise RuntimeError(f"MongoDB ended while starting:\n{self.log()[-3000:]}")
        try:
            self._client.admin.command("ping")
        except PyMongoError:
            return False
        return True
