"""Locks, tasks and real threads, the same for every concurrency library.

``wsgi.py`` patches the standard library for eventlet or gevent before anything else is imported.
After that ``threading`` means greenlets, so locks and sleeping come from the standard library. Only
starting a task, and running native code that computes for long in a real thread, need the library
itself.
"""

from __future__ import annotations

import contextvars
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, Literal, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
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


def run_in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call ``function(*args)`` in a real thread; only the calling task waits for the result.

    For native code that never switches greenlets (Argon2): under eventlet and gevent it would stop
    every connection while it computes. If there are several cores, one is left for the connections,
    and the thread runs at low priority. With plain threads the function is simply called.
    """
    if mode() == "threads":
        return function(*args, **kwargs)
    with _cores:
        match mode():
            case "eventlet":
                from eventlet import tpool

                return tpool.execute(_at_low_priority, function, *args, **kwargs)  # type: ignore[no-any-return]
            case _:
                import gevent

                return gevent.get_hub().threadpool.apply(  # type: ignore[no-any-return]
                    _at_low_priority, (function, *args), kwargs
                )


#: Limits how many threads compute at once.
_cores = threading.Semaphore(max(1, (os.cpu_count() or 1) - 1))
_NICER_BY = 5


def _at_low_priority(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    if sys.platform == "linux":  # elsewhere a priority is the whole process's
        _lower_priority()
    return function(*args, **kwargs)


def _lower_priority() -> None:
    """Make this thread, which does nothing else, nicer than the main thread."""
    # PRIO_PROCESS takes a thread's id: the main thread's is the process's, and 0 is this thread.
    niceness = min(os.getpriority(os.PRIO_PROCESS, os.getpid()) + _NICER_BY, 19)
    # Less nice than it is, only root may make it, and it is to stay as nice as it was started.
    if os.getpriority(os.PRIO_PROCESS, 0) < niceness:
        try:
            os.setpriority(os.PRIO_PROCESS, 0, niceness)
        except OSError:
            pass  # where a sandbox forbids it, the work is done at the priority it has
