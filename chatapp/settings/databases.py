"""Parse the address of the database, in any of the spellings that operators bring along."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote, unquote

from chatapp.settings import TOP
from chatapp.settings.parsers import integer, line, seconds

T = TypeVar("T")

_SQLITE = ("sqlite", "sqlite+pysqlite")
_POSTGRES = ("postgresql", "postgres", "postgresql+psycopg2")
# Parameters of other drivers that change nothing here; libpq refuses those it doesn't know.
_FOREIGN_PARAMETERS = ("pgbouncer", "socket_timeout", "sslaccept", "statement_cache_size")


@dataclass(frozen=True)
class Database:
    """Where the database is, and the settings that its address decides."""

    url: str
    schema: str | None = None
    pool_size: int | None = None
    pool_timeout: float | None = None


def schema(value: str) -> str:
    """Parse the name of a PostgreSQL schema; only names that need no quoting rules."""
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,62}", value):
        raise ValueError("a schema's name has letters, digits and _ only")
    return value


def database_url(value: str) -> Database:
    """Parse the address of an SQLite file or a PostgreSQL database."""
    scheme = line(value).partition(":")[0].lower()
    if scheme in _SQLITE:
        return sqlite_file(value[len(scheme) + 1 :])
    if scheme in _POSTGRES:
        return _postgres(value[len(scheme) + 1 :])
    known = ", ".join(f"{name}:" for name in (*_SQLITE[:1], *_POSTGRES))
    raise ValueError(f"the scheme {scheme!r} is unknown; the known ones are {known}")


def sqlite_file(rest: str) -> Database:
    """Parse what follows `sqlite:`; 0 to 3 slashes may precede the path."""
    path, _, query = rest.partition("?")
    path = unquote(path.removeprefix("//").removeprefix("/") if path[:2] == "//" else path)
    if path in ("", ":memory:") or "mode=memory" in query:
        raise ValueError("a database in memory is gone when the process ends; name a file")
    url = "sqlite:///" + quote(str(TOP / path))
    return Database(f"{url}?{query}" if query else url)


def _postgres(rest: str) -> Database:
    import psycopg2
    from psycopg2.extensions import make_dsn
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        url = make_url("postgresql+psycopg2:" + rest)
    except (ArgumentError, ValueError):
        raise ValueError("it can't be read as an address") from None
    if "@" in (url.host or ""):
        raise ValueError("the password contains an @; write it as %40")
    if not url.database:
        raise ValueError("it names no database")
    query = dict(url.query)
    for name in _FOREIGN_PARAMETERS:
        query.pop(name, None)
    if query.pop("ssl", "false") in ("true", "1"):
        query.setdefault("sslmode", "require")
    if query.get("sslmode") == "no-verify":
        query["sslmode"] = "require"
    ours = {name: query.pop(name, None) for name in ("schema", "connection_limit", "pool_timeout")}
    try:
        if any(isinstance(value, tuple) for value in (*ours.values(), *query.values())):
            raise ValueError("a parameter is given twice")
        make_dsn(**query)
    except psycopg2.Error as exc:
        raise ValueError(str(exc).strip()) from None
    return Database(
        url.set(query=query).render_as_string(hide_password=False),
        schema=_parameter("schema", schema, ours),
        pool_size=_parameter("connection_limit", integer(1, 1000), ours),
        pool_timeout=_parameter("pool_timeout", seconds(0.1, 3600), ours),
    )


def _parameter(name: str, parse: Callable[[str], T], given: Mapping[str, Any]) -> T | None:
    try:
        return None if given[name] is None else parse(given[name])
    except ValueError as exc:
        raise ValueError(f"the parameter {name} is wrong {exc}".strip()) from None
