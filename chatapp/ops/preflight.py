"""What must be true before serving: `python -m chatapp.ops.preflight`.

Settings are right, secrets made, the port free, the database ours and at this version's state.
Ends with 0, with 1 when something in the way must be moved, with 2 when a setting is wrong; each
time with a message for a person. When all is well it must be quick, so that nothing of the
application is imported unless the database has to be migrated.
"""

from __future__ import annotations

import ast
import dataclasses
import errno
import fcntl
import importlib.util
import logging
import os
import socket
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from chatapp.core import logs
from chatapp.security import setup_code
from config import Settings, SettingsError, masked
from config_values import TOP

MIGRATIONS = TOP / "migrations"
#: PostgreSQL's advisory lock while migrating: "chatapp" as a number.
_LOCK = int.from_bytes(b"chatapp")

# Another program that uses Alembic may well have a revision 0001 too.
_TABLES = {"users", "conversations", "messages"}

logger = logging.getLogger("chatapp.ops.preflight")  # not __main__


class NotReady(Exception):
    """Something is in the way; the text says what, and what to do."""


def main() -> int:
    """Prepare by this process's settings; gives the exit code."""
    try:
        settings = Settings.load()
        _check_library(settings)
    except SettingsError as exc:
        print(exc, file=sys.stderr)
        return 2
    logs.configure(settings)
    try:
        check_port(settings.host, settings.port)
        prepare_files(settings)
        prepare_sessions(settings)
        prepare_database(settings)
    except NotReady as exc:
        print(f"chatapp can't start: {exc}", file=sys.stderr)
        return 1
    for notice in settings.notices:
        logger.warning(notice)
    _tell_setup_code(settings)
    return 0


def _tell_setup_code(settings: Settings) -> None:
    """Whoever sees this may become the administrator, until somebody has."""
    code = setup_code.read(settings.instance_dir)
    if code is None:
        return
    address = f"{settings.base_url}/setup"
    if settings.log_format == "json":
        logger.info("open %s and enter %s to become the administrator", address, code)
        return
    print(f"\n  To become the administrator of this server, open\n\n      {address}")
    print(f"\n  and enter the code  {code}\n", flush=True)


def _check_library(settings: Settings) -> None:
    if settings.concurrency == "gevent" and importlib.util.find_spec("gevent") is None:
        command = f"{sys.executable} -m pip install -r requirements-gevent.txt"
        raise SettingsError([f"  CONCURRENCY=gevent needs a library more: {command}"])


# --- the port -------------------------------------------------------------------------------------


def check_port(host: str, port: int) -> None:
    """Raises NotReady unless this address can be listened on."""
    try:
        _bind(host, port)
    except OSError as exc:
        raise NotReady(_why_not(host, port, exc)) from None


def _bind(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))


def _why_not(host: str, port: int, exc: OSError) -> str:
    if exc.errno == errno.EADDRINUSE:
        other = _free_port_after(host, port)
        return (
            f"port {port} on {host} is in use, perhaps by a chatapp that is still running.\n"
            f"Stop that program, or choose another port: PORT={other} make run"
        )
    if exc.errno == errno.EACCES:
        return f"port {port} needs more rights. Choose one from 1024 on: PORT=5000 make run"
    return f"HOST={host} isn't an address of this computer ({exc.strerror or exc})."


def _free_port_after(host: str, port: int) -> int:
    for other in range(port + 1, min(port + 100, 65535)):
        try:
            _bind(host, other)
        except OSError:
            continue
        return other
    return 8000


# --- the database ---------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class State:
    """The names of a database's tables, and the revisions noted in alembic_version."""

    tables: frozenset[str]
    revisions: frozenset[str]


def prepare_database(settings: Settings) -> None:
    """The database is at the newest revision of `migrations/` afterwards.

    Raises NotReady, and has changed nothing, where it can't be reached or isn't ours.
    """
    database = (SQLite if settings.database_url.startswith("sqlite") else PostgreSQL)(settings)
    downs = _revisions()
    heads = downs.keys() - {down for several in downs.values() for down in several}
    if _state(database, downs.keys(), settings).revisions == heads:
        return
    with database.lock():
        # Another start may have migrated while this one waited.
        if _state(database, downs.keys(), settings).revisions != heads:
            database.make_room()
            _migrate(settings)


def _state(database: SQLite | PostgreSQL, known: Any, settings: Settings) -> State:
    state = database.state()
    others = sorted(state.tables - {"alembic_version"})
    ours = state.revisions and state.revisions <= known and state.tables >= _TABLES
    if others and not ours:
        some = ", ".join(others[:5]) + (", ..." if len(others) > 5 else "")
        noted = ", ".join(sorted(state.revisions))
        by = f"by another program or a newer chatapp (revision {noted})" if noted else "elsewhere"
        raise NotReady(
            f"the database {masked(settings.database_url)} holds tables that were made {by}:\n"
            f"{some}\nIt was left as it is. Set DATABASE_URL to a database of chatapp's own"
            f"{database.hint}."
        )
    return state


def _revisions() -> dict[str, tuple[str, ...]]:
    """Each revision of `migrations/` with those it follows; read without Alembic, which is slow."""
    found = {}
    for path in (MIGRATIONS / "versions").glob("*.py"):
        names: dict[str, Any] = {}
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Assign):
                target, value = node.targets[0], node.value
            elif isinstance(node, ast.AnnAssign) and node.value is not None:
                target, value = node.target, node.value
            else:
                continue
            if isinstance(target, ast.Name) and target.id in ("revision", "down_revision"):
                names[target.id] = ast.literal_eval(value)
        if "revision" in names:
            down = names.get("down_revision") or ()
            found[names["revision"]] = (down,) if isinstance(down, str) else tuple(down)
    return found


def _migrate(settings: Settings) -> None:
    import flask_migrate

    from chatapp import create_app

    # Nothing is served here, and this process isn't patched.
    app = create_app(dataclasses.replace(settings, concurrency="threads"))
    with app.app_context():
        flask_migrate.upgrade(directory=str(MIGRATIONS))
        from chatapp.auth.admin.accounts import has_administrator

        if not has_administrator():
            setup_code.make(settings.instance_dir)


def prepare_files(settings: Settings) -> None:
    """There is a folder for files, and this process may write to it. Raises NotReady."""
    folder = Path(settings.media_url.removeprefix("file:"))
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / ".writable").touch()
        (folder / ".writable").unlink(missing_ok=True)
    except OSError as exc:
        raise NotReady(
            f"the folder {folder} can't be written to: {exc.strerror}. Check MEDIA_URL."
        ) from None


def prepare_sessions(settings: Settings) -> None:
    """Where sessions are kept elsewhere, that store has the indexes it needs.

    One that doesn't answer keeps nobody waiting: tokens count without it, and it heals. Raises
    NotReady where it refuses us, or the address can't be one.
    """
    if settings.session_url == "database":
        return
    from chatapp.security.session_stores import store_for

    address = masked(settings.session_url)
    try:
        store = store_for(settings)
        unreadable: tuple[type[Exception], ...] = (*store.unreadable, ValueError)
    except ValueError:
        raise NotReady(f"the session store's address {address} can't be read.") from None
    try:
        store.prepare()
    except unreadable:
        raise NotReady(f"the session store's address {address} can't be read.") from None
    except store.refusals as exc:
        raise NotReady(
            f"the session store {address} refused us. Check SESSION_URL or MONGODB_URL.\n{exc}"
        ) from None
    except store.failures as exc:
        logger.warning(
            "the session store %s doesn't answer (%s): until it does, pages can't tell who is "
            "signed in",
            address,
            type(exc).__name__,
        )


class SQLite:
    """A file."""

    hint = ""

    def __init__(self, settings: Settings) -> None:
        self.path = Path(unquote(urlsplit(settings.database_url).path[1:]))

    def state(self) -> State:
        """What is in the file, without changing it; it need not be there."""
        if not self.path.exists():
            return State(frozenset(), frozenset())
        if not os.access(self.path, os.R_OK | os.W_OK):
            raise NotReady(f"the database {self.path} can't be read and written by this user.")
        try:
            with closing(sqlite3.connect(f"{self.path.as_uri()}?mode=ro", uri=True)) as connection:
                query = "SELECT name FROM sqlite_master WHERE type = 'table'"
                tables = {name for (name,) in connection.execute(query)}
                tables = {name for name in tables if not name.startswith("sqlite_")}
                revisions = set()
                if "alembic_version" in tables:
                    query = "SELECT version_num FROM alembic_version"
                    revisions = {revision for (revision,) in connection.execute(query)}
        except sqlite3.Error as exc:
            raise NotReady(f"the database {self.path} can't be used: {exc}.") from None
        return State(frozenset(tables), frozenset(revisions))

    @contextmanager
    def lock(self) -> Iterator[None]:
        """One process at a time: a lock on the file's folder, which leaves no file behind."""
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder = os.open(self.path.parent, os.O_RDONLY)
        except OSError as exc:
            raise NotReady(
                f"the folder {self.path.parent} of the database can't be used: {exc.strerror}."
            ) from None
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)

    def make_room(self) -> None:
        """Nothing to do: the file comes with its first table."""


class PostgreSQL:
    """A schema of a database on a server."""

    hint = ", or to a schema of its own: ?schema=chatapp"

    def __init__(self, settings: Settings) -> None:
        from sqlalchemy.engine import make_url

        self.address = masked(settings.database_url)
        self.schema = settings.db_schema
        url = make_url(settings.database_url)
        parts = {
            "host": url.host,
            "port": url.port,
            "user": url.username,
            "password": url.password,
            "dbname": url.database,
        }
        given = {name: value for name, value in parts.items() if value is not None}
        self.arguments: dict[str, Any] = {"connect_timeout": 10} | given | dict(url.query)

    @contextmanager
    def connection(self) -> Iterator[Any]:
        """A cursor of a connection of its own, without transaction. Raises NotReady."""
        import psycopg2

        try:
            connection = psycopg2.connect(**self.arguments)
        except psycopg2.OperationalError as exc:
            raise NotReady(
                f"the database {self.address} can't be reached. Check DATABASE_URL, and that "
                f"PostgreSQL runs.\n{str(exc).strip()}"
            ) from None
        with closing(connection):
            connection.autocommit = True
            try:
                yield connection.cursor()
            except psycopg2.Error as exc:
                raise NotReady(f"the database {self.address} refused:\n{exc}") from None

    def state(self) -> State:
        """What is in the schema in use; it need not be there."""
        with self.connection() as cursor:
            cursor.execute("SELECT current_schema()")
            schema = self.schema or cursor.fetchone()[0]
            # What an extension brought along (PostGIS has tables in public) is nobody's.
            cursor.execute(
                """
                SELECT relname FROM pg_class
                WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = %s)
                  AND relkind IN ('r', 'p', 'f')
                  AND NOT EXISTS (
                    SELECT FROM pg_depend
                    WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype = 'e'
                  )
                """,
                (schema,),
            )
            tables = frozenset(name for (name,) in cursor.fetchall())
            if "alembic_version" not in tables:
                return State(tables, frozenset())
            cursor.execute(f'SELECT version_num FROM "{schema}".alembic_version')  # noqa: S608
            return State(tables, frozenset(revision for (revision,) in cursor.fetchall()))

    @contextmanager
    def lock(self) -> Iterator[None]:
        """One process at a time, on every computer; the lock goes with its connection."""
        with self.connection() as cursor:
            cursor.execute("SET lock_timeout = '60s'")
            cursor.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
            yield

    def make_room(self) -> None:
        """The schema is there."""
        if self.schema:
            with self.connection() as cursor:
                cursor.execute(f'CREATE SCHEMA IF NOT EXISTS "{self.schema}"')


if __name__ == "__main__":
    os.umask(0o077)  # what is made here, the database file too, is for its owner alone
    sys.exit(main())
