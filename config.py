"""The settings of this process, read from `.env` and the environment.

`Settings` is the result: typed, complete, immutable. `chatapp/settings/table.py` lists every
variable with its default and what it does. A wrong value stops the start: `SettingsError` lists all
of them.

Only the standard library may be imported at the top, also by what is imported here: the process
reads CONCURRENCY from here before it patches for greenlets.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote, urlsplit

from chatapp.settings import TOP
from chatapp.settings.databases import Database, sqlite_file
from chatapp.settings.mail import MailServer
from chatapp.settings.reading import (
    SettingsError,
    describe_missing,
    describe_wrong,
    masked,
    parse,
)
from chatapp.settings.secret_files import read_or_create
from chatapp.settings.stores import MONGO_DATABASE
from chatapp.settings.table import SETTINGS
from chatapp.settings.urls import bracketed, origin

__all__ = [
    "MONGO_DATABASE",
    "SETTINGS",
    "TOP",
    "MailServer",
    "Settings",
    "SettingsError",
    "base_url",
    "bracketed",
    "environment",
    "masked",
    "read",
]

ENV_FILE = TOP / ".env"
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_BY_NAME = {setting.name: setting for setting in SETTINGS}


def environment() -> dict[str, str]:
    """Return the variables in force: those of the process, then those of `.env`.

    Raises SettingsError when `.env` can't be read.
    """
    if not ENV_FILE.exists():
        return dict(os.environ)
    from dotenv import dotenv_values

    try:
        # Without interpolation: a password may well contain ${.
        from_file = dotenv_values(ENV_FILE, interpolate=False, encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise SettingsError([f"  {ENV_FILE} can't be read: {exc}"]) from None
    return {name: value or "" for name, value in from_file.items()} | dict(os.environ)


def read(environ: Mapping[str, str], *names: str) -> dict[str, Any]:
    """Return the values of the named settings, with defaults filled in.

    Raises SettingsError that lists every wrong value among them.
    """
    values, problems = parse((_BY_NAME[name] for name in names), environ)
    if problems:
        raise SettingsError(problems)
    return values


def base_url(given: str | None, host: str, port: int) -> str:
    """Return the address that people open: the given one, or the one that is served."""
    if given is None:
        # A browser can't open "all addresses".
        shown = "127.0.0.1" if host in ("0.0.0.0", "::") else bracketed(host)  # noqa: S104
        return f"http://{shown}:{port}"
    parts = urlsplit(given)
    if parts.scheme == "http" and parts.port is None and parts.netloc in LOOPBACK:
        return f"{given}:{port}"
    return given


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Every setting, read and checked. Made by `load()`, or in tests by `from_env({...})`."""

    host: str
    port: int
    base_url: str
    #: The hosts that requests may be sent to; empty if any host is allowed.
    allowed_hosts: frozenset[str]
    trusted_proxies: int
    database_url: str = field(repr=False)
    db_schema: str | None
    db_pool_size: int
    db_max_overflow: int
    db_pool_timeout: float
    db_statement_timeout: float
    mongodb_url: str | None = field(repr=False)
    #: `database`, or the address of a MongoDB or a Redis.
    session_url: str = field(repr=False)
    redis_url: str | None = field(repr=False)
    rabbitmq_url: str | None = field(repr=False)
    secret_key: str = field(repr=False)
    jwt_secret: str = field(repr=False)
    jwt_expiration: timedelta
    session_lifetime: timedelta
    reauth_window: timedelta
    socket_io_cors: tuple[str, ...]
    frontend_url: str | None
    google_client_id: str | None
    google_client_secret: str | None = field(repr=False)
    oauth_metadata_url: str
    oauth_name: str
    smtp_url: MailServer | None
    mail_from: str
    require_verified_email: bool
    user_roles: tuple[str, ...]
    themes: tuple[str, ...]
    default_theme: str
    dialects: frozenset[str]
    registration: Literal["open", "invite", "closed"]
    rate_limits: bool
    concurrency: Literal["eventlet", "gevent", "threads"]
    log_format: Literal["text", "json"]
    log_level: Literal["debug", "info", "warning", "error"]
    instance_dir: Path
    media_url: str
    picture_fetch: bool
    picture_fetch_allow: tuple[str, ...]

    @property
    def sign_in_provider(self) -> str | None:
        """The name of the OpenID provider that people can sign in with; None without one."""
        return self.oauth_name if self.google_client_id else None

    @classmethod
    def load(cls) -> Settings:
        """Return the settings of this process. Raises SettingsError."""
        return cls.from_env(environment())

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Settings:
        """Return the settings that these variables make; an empty value counts as unset.

        Secrets that aren't given are read from files in INSTANCE_DIR, or created there.
        Raises SettingsError that lists everything that is wrong; then nothing was created.
        """
        values, problems = parse(SETTINGS, environ)
        values["DEFAULT_THEME"] = values["DEFAULT_THEME"] or next(
            iter(values["THEMES"] or ()), None
        )
        problems += _contradictions(values, environ)
        if problems:
            raise SettingsError(problems)
        database = values["DATABASE_URL"] or _database_from_parts(values)
        for name in ("SECRET_KEY", "JWT_SECRET"):
            values[name] = values[name] or read_or_create(
                values["INSTANCE_DIR"] / name.lower(), _BY_NAME["INSTANCE_DIR"]
            )
        values |= _pool_settings(database, environ)
        values["DATABASE_URL"] = database.url
        values["DB_SCHEMA"] = database.schema
        values["ALLOWED_HOSTS"] = _allowed_hosts(values["BASE_URL"], values["ALLOWED_HOSTS"] or ())
        values["BASE_URL"] = base_url(values["BASE_URL"], values["HOST"], values["PORT"])
        values["MAIL_FROM"] = values["MAIL_FROM"] or _mail_from(values["BASE_URL"])
        values["SESSION_URL"] = values["SESSION_URL"] or values["MONGODB_URL"] or "database"
        values["SOCKET_IO_CORS"] = values["SOCKET_IO_CORS"] or ()
        values["USER_ROLES"] = values["USER_ROLES"] or ()
        values["MEDIA_URL"] = values["MEDIA_URL"] or f"file:{values['INSTANCE_DIR']}/media"
        values["PICTURE_FETCH_ALLOW"] = values["PICTURE_FETCH_ALLOW"] or ()
        return cls(**{name: values[name.upper()] for name in cls.__dataclass_fields__})

    @cached_property
    def trusted_origins(self) -> frozenset[str]:
        """The origins whose pages may use the session cookie; `*` is never among them."""
        addresses = {self.base_url, *self.socket_io_cors} - {"*"}
        if self.frontend_url:
            addresses.add(self.frontend_url)
        base = urlsplit(self.base_url)
        name = base.netloc.removesuffix(f":{base.port}")
        if name in LOOPBACK:
            # People who are told 127.0.0.1 may well type localhost.
            addresses |= {self.base_url.replace(name, other, 1) for other in LOOPBACK}
        return frozenset(map(origin, addresses))

    @property
    def secure(self) -> bool:
        """Whether people come by https; cookies are then never sent over http."""
        return self.base_url.startswith("https:")

    @property
    def session_cookie(self) -> str:
        """The session cookie's name. With `__Host-`, browsers accept it from this host only."""
        return "__Host-chatapp_session" if self.secure else "chatapp_session"

    @property
    def any_origin(self) -> bool:
        """Whether pages of every website may call with a token; never with a cookie."""
        return "*" in self.socket_io_cors

    @property
    def warnings(self) -> tuple[str, ...]:
        """What an operator should know about these settings, though none is wrong."""
        unused = [name for name in ("REDIS_URL", "RABBITMQ_URL") if getattr(self, name.lower())]
        warnings = [f"{name} is set, but this version doesn't use it yet." for name in unused]
        if self.mongodb_url and self.session_url != self.mongodb_url:
            warnings.append("MONGODB_URL isn't used, because SESSION_URL is set.")
        everywhere = self.host in ("0.0.0.0", "::")  # noqa: S104
        if everywhere and self.base_url == base_url(None, self.host, self.port):
            warnings.append(
                f"HOST={self.host} lets other computers connect, but their browsers can only chat "
                "at BASE_URL: set it to the address they open."
            )
        if self.base_url.startswith("https:") and not self.trusted_proxies:
            warnings.append(
                "BASE_URL is https, so there must be a proxy in front: set TRUSTED_PROXIES=1, or "
                "all people count as one address."
            )
        if not self.rate_limits:
            warnings.append("RATE_LIMITS=off: nothing stops password guessing or flooding.")
        return tuple(warnings)


def _contradictions(values: Mapping[str, Any], environ: Mapping[str, str]) -> list[str]:
    """Describe what is wrong with settings that don't fit together."""
    problems = []
    if bool(values["GOOGLE_CLIENT_ID"]) != bool(values["GOOGLE_CLIENT_SECRET"]):
        missing = "SECRET" if values["GOOGLE_CLIENT_ID"] else "ID"
        problems.append(describe_missing(_BY_NAME[f"GOOGLE_CLIENT_{missing}"]))
    if not environ.get("DATABASE_URL", "").strip() and _parts_name_postgres(values):
        needed = ["DB_NAME", "DB_USER"] if values["DB_PASSWORD"] else ["DB_NAME"]
        problems += [
            describe_missing(_BY_NAME[name]) for name in needed if not environ.get(name, "").strip()
        ]
    theme, themes = values["DEFAULT_THEME"], values["THEMES"]
    if themes and theme not in themes:
        reason = f"it isn't one of THEMES={','.join(themes)}"
        problems.append(describe_wrong(_BY_NAME["DEFAULT_THEME"], theme, reason))
    return problems


def _allowed_hosts(address: str | None, allowed: tuple[str, ...]) -> frozenset[str]:
    if "*" in allowed or (address is None and not allowed):
        return frozenset()
    own = urlsplit(address or "").hostname or "localhost"
    return frozenset((own, "localhost", *allowed))


def _mail_from(address: str) -> str:
    name = urlsplit(address).hostname or ""
    # Mail can't come from an IP address.
    return f"noreply@{name if any(c.isalpha() for c in name) and ':' not in name else 'localhost'}"


def _parts_name_postgres(values: Mapping[str, Any]) -> bool:
    if values["DATABASE_URL"] or values["DB_DIALECT"] == "sqlite":
        return False
    parts = ("DB_DIALECT", "DB_HOST", "DB_PORT", "DB_USER", "DB_PASSWORD", "DB_NAME")
    return any(values[part] for part in parts)


def _database_from_parts(values: Mapping[str, Any]) -> Database:
    """Return the database that the DB_ settings name, or the SQLite file in INSTANCE_DIR."""
    if not _parts_name_postgres(values):
        return sqlite_file(quote(values["DB_NAME"] or f"{values['INSTANCE_DIR']}/chatapp.db"))
    from sqlalchemy.engine import URL

    url = URL.create(
        "postgresql+psycopg2",
        username=values["DB_USER"],
        password=values["DB_PASSWORD"],
        host=values["DB_HOST"] or "localhost",
        port=values["DB_PORT"] or 5432,
        database=values["DB_NAME"],
    )
    return Database(url.render_as_string(hide_password=False), schema=values["DB_SCHEMA"])


def _pool_settings(database: Database, environ: Mapping[str, str]) -> dict[str, Any]:
    """Return the pool settings that the address decides; a variable takes precedence over it."""

    def given(name: str) -> bool:
        return bool(environ.get(name, "").strip())

    pool: dict[str, Any] = {}
    if database.pool_size is not None and not given("DB_POOL_SIZE"):
        pool["DB_POOL_SIZE"] = database.pool_size
        if not given("DB_MAX_OVERFLOW"):
            pool["DB_MAX_OVERFLOW"] = 0  # connection_limit counts all connections
    if database.pool_timeout is not None and not given("DB_POOL_TIMEOUT"):
        pool["DB_POOL_TIMEOUT"] = database.pool_timeout
    return pool
