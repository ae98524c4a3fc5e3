"""A further process on a server's data, kept for as many pieces of code as a test needs.

`LiveServer.elsewhere` and `LiveServer.flask` start a process for each call, which takes seconds.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import textwrap

from tests.support.process import dies_with_us
from tests.support.server import LiveServer

_PROGRAM = """
import contextlib, io, json, sys
from chatapp import create_app
from config import Settings

app = create_app(Settings.load())
answers, sys.stdout = sys.stdout, sys.stderr
for line in sys.stdin:
    printed = io.StringIO()
    with app.app_context(), contextlib.redirect_stdout(printed):
        exec(json.loads(line), {"app": app})
    print(json.dumps(printed.getvalue()), file=answers, flush=True)
"""


class Beside:
    """One process with the application, on the data of a server, which knows nothing of it."""

    def __init__(self, server: LiveServer) -> None:
        self._complaints = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115
        self._process = subprocess.Popen(
            [*dies_with_us("TERM"), sys.executable, "-c", _PROGRAM],
            cwd=server.top,
            env={**server.environ, "CONCURRENCY": "threads"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            text=True,
        )

    def run(self, code: str) -> str:
        """Run this with the application's context; return what it prints."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(textwrap.dedent(code)), file=self._process.stdin, flush=True)
        answer = self._process.stdout.readline()
        if not answer:
            self._complaints.seek(0)
            raise AssertionError(f"the process ended:\n{self._complaints.read()[-5000:]}")
        printed: str = json.loads(answer)
        return printed.strip()

    def flask(self, *words: str, typed: str = "", fails: bool = False) -> str:
        """Return what the command `flask --app wsgi …` prints, as `LiveServer.flask` does."""
        done: tuple[int, str, str] = json.loads(
            self.run(f"""
                import json
                done = app.test_cli_runner().invoke(args={list(words)!r}, input={typed!r})
                failure = done.exception
                if failure is not None and not isinstance(failure, SystemExit):
                    raise failure
                print(json.dumps([done.exit_code, done.stdout, done.stderr]))
            """)
        )
        code, printed, complained = done
        assert (code != 0) is fails, (words, printed, complained)
        return str(complained if fails else printed).strip()

    def request(self, method: str, path: str, **options: object) -> int:
        """Return the status of the process's own answer to this request."""
        code = (
            f"print(app.test_client().open({path!r}, method={method!r}, **{options!r}).status_code)"
        )
        return int(self.run(code))

    def close(self) -> None:
        """End the process; harmless when it has ended."""
        self._process.kill()
        self._process.communicate()
        self._complaints.close()
