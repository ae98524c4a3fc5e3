"""Locks, tasks and real threads behind one face, whichever concurrency library runs the process.

``wsgi.py`` patches the standard library for eventlet or gevent before anything else is imported.
After that ``threading`` means greenlets, so locks and sleeping are the standard library's own; only
tasks, and what must leave the loop (native code that computes for long), need the library by name.
"""

from __future__ import annotations

import contextvars
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, Literal, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
Mode = Literal["eventlet", "gevent", "threads"]


def mode() -> Mode:
    """Which library's patches are in force in this process."""
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
    """A lock that makes only the present task wait, never the whole process."""
    return threading.Lock()


def spawn(target: Callable[P, Any], *args: P.args, **kwargs: P.kwargs) -> None:
    """Run ``target`` beside the caller, in the caller's context (request id included)."""
    context = contextvars.copy_context()

    def task() -> None:
        context.run(target, *args, **kwargs)

    match mode():
        case "eventlet":
            import eventlet  # its threading.Thread leaks a _DummyThread for each task

            eventlet.spawn_n(task)
        case "gevent":
            import gevent

            gevent.spawn(task)
        case "threads":
            threading.Thread(target=task, daemon=True).start()


def wait(seconds: float) -> None:
    """Let others run for ``seconds``."""
    time.sleep(seconds)


def run_in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """``function(*args)`` in a real thread; only the calling task waits for the result.

    For native code that holds no greenlet switch inside (Argon2): under eventlet and gevent it
    would stop every connection while it computes. With plain threads it is simply called.
    """
    match mode():
        case "eventlet":
            from eventlet import tpool

            return tpool.execute(function, *args, **kwargs)  # type: ignore[no-any-return]
        case "gevent":
            import gevent

            return gevent.get_hub().threadpool.apply(function, args, kwargs)  # type: ignore[no-any-return]
        case "threads":
            return function(*args, **kwargs)
