"""Concurrency under eventlet, gevent and threads: other tasks run while one waits or computes."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys

import pytest

from chatapp.core import native_threads
from tests.support.process import TOP

PATCH = {
    "eventlet": "import eventlet; eventlet.monkey_patch()",
    "gevent": "from gevent import monkey; monkey.patch_all()",
    "threads": "",
}

PROGRAM = """
import os, sys, threading, time, contextvars
from chatapp.core import concurrency, native_threads

steps = []
said = contextvars.ContextVar("said", default="nothing")

def beside():
    steps.append(("beside", said.get()))

def heavy(x):
    deadline = time.monotonic() + 5
    while len(steps) < 1 and time.monotonic() < deadline:
        pass  # computes without ever giving way; in another thread the rest goes on
    return x + 1

said.set("hello")
concurrency.spawn(beside)
if concurrency.mode() == "threads":
    concurrency.wait(0.01)
steps.append(("heavy", native_threads.run_in_thread(heavy, 1)))

computing, most, priorities = [], [], []
def compute():
    computing.append(1)
    most.append(len(computing))
    priorities.append(os.getpriority(os.PRIO_PROCESS, 0))
    deadline = time.monotonic() + 0.05
    while time.monotonic() < deadline:
        pass
    computing.pop()

def ask():
    native_threads.run_in_thread(compute)

for _ in range(4):
    concurrency.spawn(ask)
while len(priorities) < 4 or computing:
    concurrency.wait(0.01)
if concurrency.mode() != "threads":
    assert max(most) <= max(1, os.cpu_count() - 1), most
    assert min(priorities) > os.getpriority(os.PRIO_PROCESS, 0), priorities

lock = concurrency.lock()
with lock:
    assert not lock.acquire(blocking=False)
assert steps == [("beside", "hello"), ("heavy", 2)], steps
print(concurrency.mode())
"""


@pytest.mark.parametrize("library", sorted(PATCH))
@pytest.mark.slow
def test_each_library(library):
    if PATCH[library] and importlib.util.find_spec(library) is None:
        pytest.skip(f"{library} isn't installed")
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PATCH[library] + PROGRAM],
        check=False,
        capture_output=True,
        text=True,
        cwd=TOP,
        timeout=180,
    )
    assert ended.stdout.strip() == library, ended.stderr


COMPUTE = """
import os, sys, threading
from chatapp.core import native_threads

os.nice(10)
if sys.argv[1] == "refused":
    def refuse(*_):
        raise PermissionError("not here")
    os.setpriority = refuse
print(native_threads.run_in_thread(os.getpriority, os.PRIO_PROCESS, 0))
"""


@pytest.mark.parametrize(("how", "priority"), [("allowed", 15), ("refused", 10)])
def test_what_computes_is_never_raised_above_the_process(how: str, priority: int) -> None:
    before = os.getpriority(os.PRIO_PROCESS, 0)
    printed = subprocess.check_output(
        [sys.executable, "-W", "ignore", "-c", PATCH["eventlet"] + COMPUTE, how],
        cwd=TOP,
        text=True,
        timeout=180,
    )
    assert int(printed) == min(before + priority, 19)


def test_errors_in_a_real_thread_reach_the_caller():
    with pytest.raises(ZeroDivisionError):
        native_threads.run_in_thread(lambda: 1 / 0)


def test_only_these_modules_import_the_library():
    named = {
        str(path.relative_to(TOP))
        for path in [*(TOP / "chatapp").rglob("*.py"), TOP / "config.py"]
        if any(
            line.strip().startswith(
                ("import eventlet", "from eventlet", "import gevent", "from gevent")
            )
            for line in path.read_text(encoding="utf-8").splitlines()
        )
    }
    allowed = {"chatapp/core/concurrency.py", "chatapp/core/native_threads.py"}
    assert all(name in allowed or "/transport/" in name for name in named), named
