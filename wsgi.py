"""The process: patch, make the app, serve it.

gunicorn imports `app` from here (`make run`); `python wsgi.py` does all of it in one process.
CONCURRENCY decides what gets patched, and nothing else may be imported before that has happened.
"""

from __future__ import annotations

import importlib.util
import io
import os
import subprocess
import sys
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask import Flask

if sys.version_info < (3, 11) or not all(
    map(importlib.util.find_spec, ("dotenv", "flask", "flask_socketio", "eventlet"))
):
    raise SystemExit(
        f"chatapp's libraries aren't installed for {sys.executable}: use `make run`, which "
        "installs them into .venv, or call .venv/bin/python."
    )

import config


def patch(concurrency: str) -> None:
    """Make the standard library, and psycopg2, give way to others while they wait.

    Raises RuntimeError when psycopg2 would still stop the whole process during each query.
    """
    if concurrency == "eventlet":
        # The choice and what follows it: docs/decisions.
        warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")
        import eventlet

        eventlet.monkey_patch()  # psycopg2 too
    elif concurrency == "gevent":
        from gevent import monkey

        monkey.patch_all()
        from psycogreen.gevent import patch_psycopg

        patch_psycopg()
    if concurrency != "threads" and importlib.util.find_spec("psycopg2"):
        from psycopg2.extensions import get_wait_callback

        if get_wait_callback() is None:
            raise RuntimeError(f"psycopg2 doesn't give way under {concurrency}")


#: Whether this is a command (`flask --app wsgi …`): it serves nobody and needs no greenlets.
commanded = os.environ.get("FLASK_RUN_FROM_CLI") == "true"

if commanded and isinstance(sys.stdout, io.TextIOWrapper):
    # A terminal whose locale isn't UTF-8 can't show every name.
    sys.stdout.reconfigure(errors="backslashreplace")

try:
    if not commanded:
        patch(config.read(config.environment(), "CONCURRENCY")["CONCURRENCY"])
    settings = config.Settings.load()
    if commanded:
        settings = replace(settings, concurrency="threads")
except config.SettingsError as exc:
    raise SystemExit(f"{exc}") from None


def make_app() -> Flask:
    """The application, patched before anything of it is imported."""
    try:
        from chatapp import create_app
        from chatapp.media import fetching

        app = create_app(settings)
        if not commanded:
            with app.app_context():
                fetching.start()  # what an earlier process left
        return app
    except Exception as exc:
        if "--reload" not in sys.argv:
            raise
        # After a SyntaxError, and no other, gunicorn shows it and waits for the next change.
        raise SyntaxError(f"{type(exc).__name__}: {exc}") from exc


def main() -> None:
    """Prepare as `make run` does, then serve until Ctrl+C."""
    import logging

    code = subprocess.call([sys.executable, "-m", "chatapp.ops.preflight"], cwd=config.TOP)
    if code:
        sys.exit(code)
    app = make_app()
    options: dict[str, Any] = {}
    if settings.concurrency == "eventlet":
        options["log"] = logging.getLogger("eventlet.wsgi")
    if settings.concurrency == "gevent":
        from gevent.hub import Hub

        Hub.NOT_ERROR += (KeyboardInterrupt,)  # no news on standard error either
    if settings.concurrency == "threads":
        options["allow_unsafe_werkzeug"] = True  # `make run` serves threads by gunicorn
    print(f"chatapp is at {settings.base_url} - press Ctrl+C to stop", flush=True)
    try:
        app.extensions["socketio"].run(app, host=settings.host, port=settings.port, **options)
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
else:
    app = make_app()
