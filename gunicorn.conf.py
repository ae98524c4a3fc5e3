"""How gunicorn serves chatapp. One process: everything live is in its memory."""

from __future__ import annotations

import gc
import logging
import os
import resource
import signal
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

_TOP = Path(__file__).resolve().parent
if str(_TOP) not in sys.path:
    sys.path.insert(0, str(_TOP))  # gunicorn reads this file before it does so itself

from gunicorn import glogging

from chatapp.core import logs
from chatapp.core.tally import OncePerInterval

# Not `import config`: gunicorn would take a name that it knows for its setting.
from config import SettingsError, base_url, bracketed, environment, read

_names = ("HOST", "PORT", "BASE_URL", "CONCURRENCY", "LOG_FORMAT", "LOG_LEVEL")
try:
    _settings = read(environment(), *_names)
except SettingsError as exc:
    raise SystemExit(f"{exc}") from None

# gunicorn imports the worker's module in the master, and with it eventlet, which says so each time.
logs.silence_eventlet()

bind = f"{bracketed(_settings['HOST'])}:{_settings['PORT']}"
chdir = str(_TOP)
workers = 1  # rooms, presence and limits are in the process's memory
worker_class = {
    "eventlet": "chatapp.transport.eventlet_worker.Worker",
    "gevent": "gevent",
    "threads": "gthread",
}[_settings["CONCURRENCY"]]
threads = 256 if worker_class == "gthread" else 1  # with threads each open WebSocket keeps one
# An open WebSocket counts; at the default of 1000 the next one would wait for ever.
worker_connections = 65_536
backlog = 4096
keepalive = 75  # pollers and pages come back within it
timeout = 60
# WebSockets never end by themselves, so this is how long stopping takes (Ctrl+C doesn't wait).
graceful_timeout = 2
# Its socket would be in the home folder, one for all of a user's servers.
control_socket_disable = True
# Pages of this process only; a proxy in front gets its own setting.
forwarded_allow_ips = ""

accesslog = "-" if _settings["LOG_LEVEL"] == "debug" else None
# Without the query: Socket.IO's session ids are in it.
access_log_format = "%(m)s %(U)s %(s)s %(M)sms"

if "--reload" in sys.argv:  # make dev
    reload_engine = "poll"
    reload_extra_files = [
        str(path)
        for folder in ("chatapp", "templates", "static")
        for path in (_TOP / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    ]


class logger_class(glogging.Logger):  # noqa: N801 (gunicorn looks this name up)
    """gunicorn's lines, in our format and to our handler."""

    def setup(self, cfg: Any) -> None:
        """Called once, in the master; the worker inherits it."""
        wishes = SimpleNamespace(
            log_format=_settings["LOG_FORMAT"], log_level=_settings["LOG_LEVEL"]
        )
        logs.configure(wishes)
        self.error_log.propagate = True
        self.error_log.addFilter(OncePerInterval("Invalid request"))
        self.access_log.propagate = True


def when_ready(server: Any) -> None:
    """Each connection is a file: take as many as we are allowed to."""
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = worker_connections * 2
    if most != resource.RLIM_INFINITY:
        wanted = min(wanted, most)
    if now != resource.RLIM_INFINITY and now < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def post_worker_init(worker: Any) -> None:
    """The app is loaded and requests are about to be answered."""
    from chatapp.transport import refusals
    from chatapp.web import security_headers

    refusals.init(security_headers.always(worker.wsgi.config["SETTINGS"]))
    # Ctrl+C reaches every process of the terminal, and then the master tells the worker to go.
    # Told twice, it would leave its own clearing up by a traceback.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # What is loaded now stays: not looking through it again takes the pauses out of the tail.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)
    if worker.age == 1:
        address = base_url(_settings["BASE_URL"], _settings["HOST"], _settings["PORT"])
        if _settings["LOG_FORMAT"] == "json":
            logging.getLogger("chatapp").info("chatapp is at %s", address)
        else:
            print(f"chatapp is at {address} - press Ctrl+C to stop", flush=True)


def worker_int(worker: Any) -> None:
    """End the worker at once, as Ctrl+C asks."""
    if worker_class == "gthread":
        os._exit(0)  # Python would wait for the threads of open WebSockets, which don't end
    # gunicorn would do this 0.1 s later. By then the worker may be leaving by itself, and to be
    # told in the middle of that prints a traceback.
    sys.exit(0)
