"""The process itself: what is patched, what it prints, and that Ctrl+C ends it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests
import websocket

from tests.support.prepared import Prepared
from tests.support.process import TOP
from tests.support.waiting import at_most, free_port, wait_until

GUNICORN = ["-m", "gunicorn", "-c", "gunicorn.conf.py", "wsgi:app"]


def environment(tmp_path: Path, **environ: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "INSTANCE_DIR": str(tmp_path), **environ}


@pytest.mark.parametrize("concurrency", ["eventlet", "gevent", "threads"])
@pytest.mark.slow
def test_patched_first_and_psycopg2_too(
    tmp_path: Path, prepared: Prepared, concurrency: str
) -> None:
    if concurrency == "gevent":
        pytest.importorskip("gevent")
    prepared.copy_to(tmp_path)  # a job begins with the app, and would miss its table
    code = (
        "import wsgi, psycopg2.extensions; from chatapp.core.concurrency import mode; "
        "print(mode(), psycopg2.extensions.get_wait_callback() is not None)"
    )
    printed = subprocess.check_output(
        [sys.executable, "-c", code],
        cwd=TOP,
        env=environment(tmp_path, CONCURRENCY=concurrency),
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert printed == f"{concurrency} {concurrency != 'threads'}\n"


@pytest.mark.slow
def test_wrong_settings_end_it_without_a_traceback(tmp_path: Path) -> None:
    for command in (["wsgi.py"], GUNICORN):
        done = subprocess.run(
            [sys.executable, *command],
            check=False,
            cwd=TOP,
            env=environment(tmp_path, PORT="x"),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert done.returncode != 0
        assert "PORT=x" in done.stdout
        assert "Traceback" not in done.stdout


@pytest.mark.live
@pytest.mark.parametrize("command", [["wsgi.py"], GUNICORN], ids=["wsgi", "gunicorn"])
@pytest.mark.parametrize("concurrency", ["eventlet", "gevent", "threads"])
def test_it_says_where_it_is_and_ends_at_ctrl_c(
    prepared: Prepared, tmp_path: Path, command: list[str], concurrency: str
) -> None:
    if concurrency == "gevent":
        pytest.importorskip("gevent")
    port = free_port()
    environ = environment(tmp_path, PORT=str(port), CONCURRENCY=concurrency)
    prepared.copy_to(tmp_path)
    with (tmp_path / "log").open("w+") as log:
        process = subprocess.Popen(
            [sys.executable, *command],
            cwd=TOP,
            env=environ,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            wait_until(lambda: answers(port), "/health answers")
            address = f"ws://127.0.0.1:{port}/socket.io/?EIO=4&transport=websocket"
            held = [websocket.create_connection(address, timeout=5) for _ in range(3)]
            before = time.monotonic()
            # As a terminal does it: to every process of the group at once.
            os.killpg(process.pid, signal.SIGINT)
            assert process.wait(timeout=10) == 0
            assert time.monotonic() - before < at_most(4)  # 2, with room
            assert len(held) == 3
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        log.seek(0)
        # werkzeug, which serves threads under `python wsgi.py`, has a few words of its own.
        words = (" * ", "werkzeug")
        printed = [line for line in log.read().splitlines() if not any(w in line for w in words)]
    assert printed[-1] == f"chatapp is at http://127.0.0.1:{port} - press Ctrl+C to stop"
    if command == GUNICORN:  # the other prepares by itself, and so tells how to set up
        assert len(printed) == 1
    else:
        assert "administrator" in printed[1]


def answers(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/health", timeout=5).ok
    except (requests.ConnectionError, requests.Timeout):
        return False
