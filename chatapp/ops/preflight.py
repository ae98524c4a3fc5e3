"""Prepare a start: `python -m chatapp.ops.preflight`.

Checks the settings and the port, creates secrets and folders, and migrates the database. Exits
with 0, with 1 when something prevents the start, with 2 when a setting is wrong; each time with a
message for a person. It must be quick when there is nothing to do, so nothing of the application is
imported unless the database has to be migrated.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import sys

from chatapp.core import logs
from chatapp.ops.database_check import prepare_database
from chatapp.ops.errors import NotReady
from chatapp.ops.port_check import check_port
from chatapp.ops.store_checks import prepare_media_folder, prepare_session_store
from chatapp.security import setup_code
from config import Settings, SettingsError

log = logging.getLogger("chatapp.ops.preflight")  # not __main__


def main() -> int:
    """Prepare a start with this process's settings; return the exit code."""
    try:
        settings = Settings.load()
        _check_library(settings)
    except SettingsError as exc:
        print(exc, file=sys.stderr)
        return 2
    logs.configure(settings)
    try:
        check_port(settings.host, settings.port)
        prepare_media_folder(settings)
        prepare_session_store(settings)
        prepare_database(settings)
    except NotReady as exc:
        print(f"chatapp can't start: {exc}", file=sys.stderr)
        return 1
    for warning in settings.warnings:
        log.warning(warning)
    _show_setup_code(settings)
    return 0


def _check_library(settings: Settings) -> None:
    if settings.concurrency == "gevent" and importlib.util.find_spec("gevent") is None:
        command = f"{sys.executable} -m pip install -r requirements-gevent.txt"
        raise SettingsError([f"  CONCURRENCY=gevent needs one more library: {command}"])


def _show_setup_code(settings: Settings) -> None:
    """Show the code that makes a person the administrator, until there is one."""
    code = setup_code.read(settings.instance_dir)
    if code is None:
        return
    address = f"{settings.base_url}/setup"
    if settings.log_format == "json":
        log.info("open %s and enter %s to become the administrator", address, code)
        return
    print(f"\n  To become the administrator of this server, open\n\n      {address}")
    print(f"\n  and enter the code  {code}\n", flush=True)


if __name__ == "__main__":
    os.umask(0o077)  # files created here, the database too, are for their owner alone
    sys.exit(main())
