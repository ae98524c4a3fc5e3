"""A MongoDB of the tests' own."""

from __future__ import annotations

import shutil
import sysconfig
from pathlib import Path
from typing import Any, Self

from pymongo import MongoClient
from pymongo.collection import Collection
from pymongo.errors import PyMongoError

from tests.support.own_server import OwnServer


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


class Mongo(OwnServer):
    """One server, see `OwnServer`."""

    name = "mongod"

    def __init__(self) -> None:
        super().__init__()
        self.url = f"mongodb://127.0.0.1:{self.port}"
        self._client: MongoClient[dict[str, Any]] = MongoClient(
            self.url, serverSelectionTimeoutMS=1000
        )

    def start(self) -> Self:
        """Returns when it answers; it ends with the tests, however they end."""
        self._run()
        return self

    def sessions(self, database: str = "chatapp") -> Collection[dict[str, Any]]:
        """What chatapp keeps there."""
        return self._client[database]["sessions"]

    def counted(self) -> dict[str, int]:
        """How many operations of each kind it has been asked for."""
        counters = self._client.admin.command("serverStatus")["opcounters"]
        return {name: counters[name] for name in ("insert", "query", "update", "delete")}

    def remove(self) -> None:
        """Stop and remove the folder; harmless when already done."""
        self._client.close()
        super().remove()

    def _command(self) -> list[str | Path]:
        return [
            *(find_program(), "--dbpath", self._folder),
            *("--bind_ip", "127.0.0.1", "--port", str(self.port), "--quiet"),
            *("--nounixsocket", "--wiredTigerCacheSizeGB", "0.25"),
            *("--setParameter", "ttlMonitorSleepSecs=1"),
            *("--setParameter", "diagnosticDataCollectionEnabled=false"),
        ]

    def _is_ready(self) -> bool:
        try:
            self._client.admin.command("ping")
        except PyMongoError:
            return False
        return True
