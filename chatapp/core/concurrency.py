"""Locks and tasks, the same for every concurrency library.

``wsgi.py`` patches the standard library for eventlet or gevent before anything else is imported.
After that ``threading`` means greenlets, so locks and sleeping come from the standard library. Only
starting a task, and running native code that computes for long in a real thread (`native_threads`),
need the library itself.
"""

from __future__ import annotations

import contextvars
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal, ParamSpec

P = ParamSpec("P")
Mode = Literal["eventlet", "gevent", "threads"]


def mode() -> Mode:
    """Return the library whose patches are active in this process."""
    if "eventlet" in sys.modules:
        from eventlet.patcher import is_monkey_patched

        if is_monkey_patched("thread"):
            return "eventlet"
    if "gevent" in sys.modules:
        from gevent.monkey import is_module_patched

        if is_module_patched("threading"):
            return "gevent"
    return "threads"


def lock() -> threading.Lock:
    """Return a lock that blocks only the current task, never the whole process."""
    return threading.Lock()


def spawn(target: Callable[P, Any], *args: P.args, **kwargs: P.kwargs) -> None:
    """Run ``target`` in a new task, in the caller's context (which has the request id)."""
    context = contextvars.copy_context()

    def task() -> None:
        context.run(target, *args, **kwargs)

    match mode():
        case "eventlet":
            import eventlet  # its threading.Thread leaks a _DummyThread per task

            eventlet.spawn_n(task)
        case "gevent":
            import gevent

            gevent.spawn(task)
        case "threads":
            threading.Thread(target=task, daemon=True).start()


def wait(seconds: float) -> None:
    """Sleep, and let other tasks run; with 0 only let them run."""
    time.sleep(seconds)


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise TimeoutError inside the block once it has waited so long.

    With plain threads nothing can end a wait from outside: there the block has no limit, and holds
    up its own thread only.
    """
    match mode():
        case "eventlet":
            import eventlet

            with eventlet.Timeout(seconds, TimeoutError):
                yield
        case "gevent":
            import gevent

            with gevent.Timeout(seconds, TimeoutError):
                yield
        case "threads":
            yield
