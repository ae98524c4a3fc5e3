"""The real thing: prepared and served as `make run` does, on a port and data of its own."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import requests

from tests.support.process import TOP, dies_with_us, end_group
from tests.support.waiting import free_port, wait_until

JWT_SECRET = "live-tests-jwt-secret-0123456789abcdef"
SECRET_KEY = "live-tests-session-key-0123456789abcdef"
FRIEND_ORIGIN = "https://friend.example"  # listed in SOCKET_IO_CORS, so its cookies count


class LiveServer:
    """A server process. `kill()` and `restart()` keep port and data."""

    def __init__(
        self,
        database_url: str | None,
        *,
        top: Path = TOP,
        relaxed: bool = True,
        **environ: str,
    ) -> None:
        self.top = top  # the repository, or a copy of it
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.folder = Path(tempfile.mkdtemp(prefix="chatapp-live-"))
        self.environ = {
            **{name: os.environ[name] for name in _PASSED_ON if name in os.environ},
            "PYTHONUNBUFFERED": "1",
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "BASE_URL": self.url,
            "INSTANCE_DIR": str(self.folder),
            "DATABASE_URL": database_url or f"sqlite:///{self.folder}/chatapp.db",
            "SECRET_KEY": SECRET_KEY,
            "JWT_SECRET": JWT_SECRET,
            "SOCKET_IO_CORS": FRIEND_ORIGIN,
            "RATE_LIMITS": "off",
            "PICTURE_FETCH": "off",  # no test asks the world
            "DB_POOL_TIMEOUT": "60s",  # hundreds at once, on a busy machine
            "LOG_FORMAT": "text",
            **environ,
        }
        entry = top / "tests" / "support" / "entry.py"  # a copy may be without the tests
        self._served = "tests.support.entry:app" if relaxed and entry.exists() else "wsgi:app"
        self._log = self.folder / "server.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> LiveServer:
        """Prepare, serve, and return when /health answers."""
        atexit.register(self.stop)
        with self._log.open("ab") as log:
            for command in (
                [sys.executable, "-m", "chatapp.ops.preflight"],
                [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", self._served],
            ):
                if self._process is not None:
                    code = self._process.wait(timeout=180)
                    assert code == 0, f"chatapp.ops.preflight ended with {code}:\n{self.log()}"
                self._process = subprocess.Popen(
                    [*dies_with_us("TERM"), *command],
                    cwd=self.top,
                    env=self.environ,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        wait_until(self._healthy, f"{self.url}/health answers", details=self.log)
        return self

    def flask(self, *words: str, typed: str = "", fails: bool = False) -> str:
        """What `flask --app wsgi …` prints, run beside the server as its operator does."""
        done = subprocess.run(
            [*dies_with_us("TERM"), sys.executable, "-m", "flask", "--app", "wsgi", *words],
            cwd=self.top,
            env=self.environ,
            input=typed,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        assert (done.returncode != 0) is fails, (words, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr, done.stderr
        return (done.stderr if fails else done.stdout).strip()

    def worker_pid(self) -> int:
        """The id of the process that serves: what gunicorn's master started."""
        assert self._process is not None
        master = self._process.pid
        children = Path(f"/proc/{master}/task/{master}/children")
        workers = children.read_text(encoding="utf-8").split()
        assert len(workers) == 1, workers
        return int(workers[0])

    def kill(self) -> None:
        """SIGKILL to the whole process group: no goodbye, nothing flushed."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process = None

    def restart(self) -> LiveServer:
        """Stop as Ctrl+C does, and start again on the same port and data."""
        if self._process is not None:
            end_group(self._process, signal.SIGINT)
            self._process = None
        return self.start()

    def elsewhere(self, code: str) -> str:
        """Run this in a further process on the same data, with the application; what it prints."""
        program = f"""
from chatapp import create_app
from config import Settings
with create_app(Settings.load()).app_context():
{textwrap.indent(textwrap.dedent(code), "    ")}
"""
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=self.top,
            env={**self.environ, "CONCURRENCY": "threads"},
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def stop(self) -> None:
        """Kill the server and remove its data; harmless when already stopped.

        How a server ends when it is asked to has tests of its own (tests/ops/test_process.py).
        """
        if self._process is not None:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
        atexit.unregister(self.stop)

    def log(self) -> str:
        """What the server wrote, from its first start on."""
        return self._log.read_text(errors="replace", encoding="utf-8") if self._log.exists() else ""

    def _healthy(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise AssertionError(f"the server ended while starting:\n{self.log()}")
        try:
            return requests.get(f"{self.url}/health", timeout=5).status_code == 200
        except (requests.ConnectionError, requests.Timeout):
            return False


# Nothing else of the developer's surroundings reaches the server: a DATABASE_URL in the shell must
# not decide which data a test empties. CONCURRENCY does, to try the other modes.
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV", "CONCURRENCY")
