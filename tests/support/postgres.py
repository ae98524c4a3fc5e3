"""A PostgreSQL of the tests' own: a temporary folder, a free port, gone when the tests end."""

from __future__ import annotations

import atexit
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import psycopg2

from tests.support.process import dies_with_us
from tests.support.waiting import free_port, wait_until


class PostgresMissingError(RuntimeError):
    """No PostgreSQL server programs on this machine."""


def find_programs() -> Path:
    """The folder that holds `initdb` and `postgres`, the newest version first."""
    installed = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/postgres"),
        key=lambda program: float(program.parts[-3]),
        reverse=True,
    )
    on_path = shutil.which("postgres")
    for program in [*installed, *([Path(on_path)] if on_path else [])]:
        if (program.parent / "initdb").exists():
            return program.parent
    raise PostgresMissingError(
        "--database=postgres needs the PostgreSQL server programs (initdb, postgres), under "
        "/usr/lib/postgresql/*/bin or on PATH. On Debian: apt-get install postgresql"
    )


class Postgres:
    """One cluster. `create_database()` gives each asker an empty database in it."""

    def __init__(self) -> None:
        self.port = free_port()
        self._programs = find_programs()
        self._folder = Path(tempfile.mkdtemp(prefix="chatapp-postgres-"))
        self._process: subprocess.Popen[bytes] | None = None
        self._databases = 0

    def start(self) -> None:
        """Make the cluster and wait until it answers; it ends with the tests, however they end."""
        atexit.register(self.stop)
        as_user = _run_as(self._folder)
        data = self._folder / "data"
        subprocess.run(
            [
                *(self._programs / "initdb", "-D", data, "-U", "chatapp", "-A", "trust"),
                *("-E", "UTF8", "--locale=C.UTF-8", "--no-sync"),
            ],
            check=True,
            capture_output=True,
            cwd=self._folder,
            **as_user,
        )
        # Without fsync a power cut may lose commits; the death of a process doesn't, and no test
        # pulls the plug.
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": str(self._folder),
            "fsync": "off",
            "full_page_writes": "off",
            "synchronous_commit": "off",
            "autovacuum": "off",
            "max_wal_size": "2GB",  # no checkpoint meanwhile
            "max_connections": "200",
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [*dies_with_us("QUIT"), self._programs / "postgres", "-D", data, *options],
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self._folder,
                start_new_session=True,  # Ctrl+C is for pytest, which then stops us
                **as_user,
            )
        wait_until(self._answers, "PostgreSQL answers", details=self.log)

    def create_database(self, copied_from: str | None = None) -> str:
        """The URL of a new database: an empty one, or a copy of the one at that URL."""
        self._databases += 1
        name = f"chatapp_{self._databases}"
        template = f" TEMPLATE {copied_from.rpartition('/')[2]}" if copied_from else ""
        self._run(f"CREATE DATABASE {name}{template}")
        return f"postgresql://chatapp@127.0.0.1:{self.port}/{name}"

    def log(self) -> str:
        return (self._folder / "log").read_text(errors="replace", encoding="utf-8")

    def stop(self) -> None:
        """Stop at once and remove the folder; harmless when already stopped."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGQUIT)
            try:
                self._process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)
        atexit.unregister(self.stop)

    def _answers(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise RuntimeError(f"PostgreSQL ended while starting:\n{self.log()}")
        try:
            self._run("SELECT 1")
        except psycopg2.OperationalError:
            return False
        return True

    def _run(self, statement: str) -> None:
        connection = psycopg2.connect(
            host="127.0.0.1", port=self.port, user="chatapp", dbname="postgres"
        )
        try:
            connection.autocommit = True
            connection.cursor().execute(statement)
        finally:
            connection.close()


def _run_as(folder: Path) -> dict[str, Any]:
    """Popen's arguments for another user, since PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        os.chown(folder, user.pw_uid, user.pw_gid)
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    raise PostgresMissingError(
        "PostgreSQL can't run as root, and there is no user postgres or nobody"
    )
