"""Look into a database without changing it, and lock it while it is migrated."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from chatapp.ops.errors import NotReady
from config import Settings, masked

#: PostgreSQL's advisory lock while migrating: "chatapp" as a number.
ADVISORY_LOCK = int.from_bytes(b"chatapp")


@dataclass(frozen=True)
class State:
    """The names of a database's tables, and the revisions in its alembic_version."""

    tables: frozenset[str]
    revisions: frozenset[str]


class SQLite:
    """A database in a file."""

    hint = ""

    def __init__(self, settings: Settings) -> None:
        self.path = Path(unquote(urlsplit(settings.database_url).path[1:]))

    def state(self) -> State:
        """Return what is in the file, without changing it; the file may be missing."""
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
        """Let one process at a time in: a lock on the folder leaves no file behind."""
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

    def create_schema(self) -> None:
        """Do nothing: the file is created with its first table."""


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
        """Yield a cursor on a connection of its own, in autocommit mode. Raises NotReady."""
        import psycopg2

        try:
            connection = psycopg2.connect(**self.arguments)
        except psycopg2.OperationalError as exc:
            raise NotReady(
                f"the database {self.address} can't be reached. Check DATABASE_URL, and that "
                f"PostgreSQL is running.\n{str(exc).strip()}"
            ) from None
        with closing(connection):
            connection.autocommit = True
            try:
                yield connection.cursor()
            except psycopg2.Error as exc:
                raise NotReady(f"the database {self.address} refused:\n{exc}") from None

    def state(self) -> State:
        """Return what is in the schema, which may be missing."""
        with self.connection() as cursor:
            cursor.execute("SELECT current_schema()")
            schema = self.schema or cursor.fetchone()[0]
            # Tables of extensions (PostGIS has some in public) belong to no program.
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
        """Let one process at a time in, on every computer; the lock ends with its connection."""
        with self.connection() as cursor:
            cursor.execute("SET lock_timeout = '60s'")
            cursor.execute("SELECT pg_advisory_lock(%s)", (ADVISORY_LOCK,))
            yield

    def create_schema(self) -> None:
        """Create the schema if one is configured and missing."""
        if self.schema:
            with self.connection() as cursor:
                cursor.execute(f'CREATE SCHEMA IF NOT EXISTS "{self.schema}"')
