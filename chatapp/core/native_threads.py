"""Real threads for native code that computes for long, the same for every concurrency library.

Code that never switches greenlets (Argon2) would stop every connection while it computes.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from chatapp.core.concurrency import mode

P = ParamSpec("P")
T = TypeVar("T")


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
