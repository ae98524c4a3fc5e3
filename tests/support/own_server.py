"""A server of the tests' own: a temporary folder, a free port, gone when the tests end."""

from __future__ import annotations

import atexit
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from tests.support.process import dies_with_us
from tests.support.waiting import free_port, wait_until


class OwnServer:
    """One program. It can be stopped, started again on its data, and made to hang."""

    name: str

    def __init__(self) -> None:
        self.port = free_port()
        self._folder = Path(tempfile.mkdtemp(prefix=f"chatapp-{self.name}-"))
        self._process: subprocess.Popen[bytes] | None = None

    def _command(self) -> list[str | Path]:
        """The program and its arguments, to serve `port` from `_folder`."""
        raise NotImplementedError

    def _is_ready(self) -> bool:
        """Whether it answers."""
        raise NotImplementedError

    def _run(self) -> None:
        """Returns when it answers; it ends with the tests, however they end."""
        atexit.register(self.remove)
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*dies_with_us("KILL"), *self._command()],
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        wait_until(self._answers, f"{self.name} answers", details=self.log)

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

    def log(self) -> str:
        return (self._folder / "log").read_text(errors="replace", encoding="utf-8")

    def remove(self) -> None:
        """Stop and remove the folder; harmless when already done."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)
        atexit.unregister(self.remove)

    def _answers(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise RuntimeError(f"{self.name} ended while starting:\n{self.log()[-3000:]}")
        return self._is_ready()
