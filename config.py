"""Every setting of chatapp: one table, read from `.env` and the environment.

`SETTINGS` names each variable once, with how it is read, its default and its reason;
`.env.example` and `docs/configuration.md` are tested against it. `Settings` is the result:
typed, complete, immutable. A wrong value stops the start: `SettingsError` lists all of them.

Only the standard library is imported at the top: the process reads CONCURRENCY from here before
it patches, and nothing that holds a lock or a socket may be imported before that.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote, urlsplit

import config_values as kind
from config_values import SECRET_BYTES, TOP, Database

ENV_FILE = TOP / ".env"
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


class SettingsError(ValueError):
    """One or more settings are wrong; the text names each, its value and what is allowed."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        head = "1 setting is wrong" if count == 1 else f"{count} settings are wrong"
        super().__init__("\n".join([f"chatapp can't start: {head}.", *self.problems]))


@dataclass(frozen=True)
class Setting:
    """One variable. `default` is written as in `.env`; empty where there is none, or it is made."""

    name: str
    parse: Callable[[str], Any]
    allowed: str
    default: str
    help: str
    secret: bool = False


_DURATION = "a time such as 7d, 24h, 15m, 30s, or a number of seconds"
_POSTGRES_ONLY = "PostgreSQL only."
_WITHOUT_URL = "Used when DATABASE_URL is unset."
#: Where a MongoDB address names no database.
MONGO_DATABASE = "chatapp"
_NOT_YET = "Checked, but not used yet."

SETTINGS: tuple[Setting, ...] = (
    Setting(
        "HOST",
        kind.host,
        "an IP address or a host name",
        "127.0.0.1",
        "The address to listen on. 127.0.0.1 is reached from this computer only; "
        "0.0.0.0 from everywhere, then set BASE_URL too.",
    ),
    Setting(
        "PORT", kind.whole(1, 65535), "a number from 1 to 65535", "5000", "The port to listen on."
    ),
    Setting(
        "BASE_URL",
        kind.web_address,
        "an http:// or https:// address without a path",
        "",
        "The address people open, as they see it. Links are built from it, and its origin may use "
        "the session cookie. By default http://HOST:PORT; one on localhost without a port gets "
        "PORT.",
    ),
    Setting(
        "ALLOWED_HOSTS",
        kind.hosts,
        "names such as chat.example.com, separated by commas, or *",
        "",
        "Further names this server answers to. Where this or BASE_URL is set, a request to any "
        "other than theirs, localhost and addresses in numbers is refused; * lets all in.",
    ),
    Setting(
        "TRUSTED_PROXIES",
        kind.whole(0, 10),
        "a number from 0 to 10",
        "0",
        "How many proxies stand in front, one behind the other. So many X-Forwarded-For, -Proto "
        "and -Host entries are believed, counted from the last; what comes before them, and all "
        "of them with 0, anyone may have written.",
    ),
    Setting(
        "DATABASE_URL",
        kind.database,
        "sqlite:///path/to/file.db or postgresql://user:password@host:5432/name (postgres:// and "
        "postgresql+psycopg2:// are the same)",
        "",
        "Where everything is stored. By default the SQLite file chatapp.db in INSTANCE_DIR. "
        "?schema=, connection_limit= and pool_timeout= are understood.",
    ),
    Setting(
        "DB_DIALECT",
        kind.choice("postgres", "postgresql", "sqlite"),
        "postgres, postgresql or sqlite",
        "",
        f"{_WITHOUT_URL} By default postgres, if another DB_ part of the address is set.",
    ),
    Setting(
        "DB_HOST",
        kind.host,
        "an IP address or a host name",
        "",
        f"{_WITHOUT_URL} By default localhost.",
    ),
    Setting(
        "DB_PORT",
        kind.whole(1, 65535),
        "a number from 1 to 65535",
        "",
        f"{_WITHOUT_URL} By default 5432.",
    ),
    Setting("DB_USER", kind.text, "a name", "", _WITHOUT_URL),
    Setting(
        "DB_PASSWORD",
        kind.text,
        "a password, without percent-encoding",
        "",
        _WITHOUT_URL,
        secret=True,
    ),
    Setting(
        "DB_NAME",
        kind.text,
        "the database's name; for sqlite the file",
        "",
        f"{_WITHOUT_URL} Needed for PostgreSQL.",
    ),
    Setting(
        "DB_SCHEMA",
        kind.schema,
        "letters, digits and _, not beginning with a digit",
        "",
        f"{_WITHOUT_URL} The schema that holds the tables; made when it is missing.",
    ),
    Setting(
        "DB_POOL_SIZE",
        kind.whole(1, 1000),
        "a number from 1 to 1000",
        "10",
        f"{_POSTGRES_ONLY} Connections that stay open. An address's connection_limit counts "
        "where this is unset, and then no more than those are opened.",
    ),
    Setting(
        "DB_MAX_OVERFLOW",
        kind.whole(0, 1000),
        "a number from 0 to 1000",
        "10",
        f"{_POSTGRES_ONLY} Further connections in a rush.",
    ),
    Setting(
        "DB_POOL_TIMEOUT",
        kind.seconds(0.1, 3600),
        f"{_DURATION}; up to 1h",
        "10s",
        f"{_POSTGRES_ONLY} How long a request waits for a connection before it is answered "
        "`unavailable`.",
    ),
    Setting(
        "DB_STATEMENT_TIMEOUT",
        kind.seconds(0, 86400),
        f"{_DURATION}; up to 24h, 0 for no limit",
        "15s",
        f"{_POSTGRES_ONLY} The server ends a statement that takes longer.",
    ),
    Setting(
        "MONGODB_URL",
        kind.address("mongodb", "mongodb+srv"),
        "a mongodb:// or mongodb+srv:// address",
        "",
        f"Browser sessions in MongoDB, in its database {MONGO_DATABASE} where the address names "
        "none.",
    ),
    Setting(
        "SESSION_URL",
        kind.session_store,
        "a mongodb://, mongodb+srv://, redis://, rediss:// or unix:// address, or database",
        "",
        "Where browser sessions are kept, if not at MONGODB_URL. With neither set it is the "
        "application's own database.",
    ),
    Setting(
        "REDIS_URL",
        kind.address("redis", "rediss", "unix"),
        "a redis://, rediss:// or unix:// address",
        "",
        f"Presence, limits and events shared by several processes. {_NOT_YET}",
    ),
    Setting(
        "RABBITMQ_URL",
        kind.address("amqp", "amqps"),
        "an amqp:// or amqps:// address",
        "",
        f"The queue for work in the background. {_NOT_YET}",
    ),
    Setting(
        "SECRET_KEY",
        kind.secret,
        f"at least {SECRET_BYTES} bytes that nobody can guess",
        "",
        "Signs session cookies and forms. By default made at the first start and kept in "
        "INSTANCE_DIR/secret_key.",
        secret=True,
    ),
    Setting(
        "JWT_SECRET",
        kind.secret,
        f"at least {SECRET_BYTES} bytes that nobody can guess",
        "",
        "Signs access tokens. By default made at the first start and kept in "
        "INSTANCE_DIR/jwt_secret.",
        secret=True,
    ),
    Setting(
        "JWT_EXPIRATION",
        kind.duration(1),
        _DURATION,
        "7d",
        "How long an access token is good for.",
    ),
    Setting(
        "SESSION_LIFETIME",
        kind.duration(60),
        f"{_DURATION}; at least 1m",
        "30d",
        "How long a browser stays signed in without coming back.",
    ),
    Setting(
        "REAUTH_WINDOW",
        kind.duration(1),
        _DURATION,
        "10m",
        "How long after signing in an account without a password may change what else would need "
        "the password.",
    ),
    Setting(
        "SOCKET_IO_CORS",
        kind.origins,
        "origins such as https://app.example.com, separated by commas, or *",
        "",
        "Further web pages that may call this server from a browser. With * any page may, by "
        "token; it never lets a cookie through.",
    ),
    Setting(
        "FRONTEND_URL",
        kind.web_address,
        "an http:// or https:// address without a path",
        "",
        "The address of a front end of your own; its origin may use the session cookie.",
    ),
    Setting(
        "DIALECTS",
        kind.dialects,
        "camel, kebab and cookie, separated by commas; or none",
        "camel,kebab,cookie",
        "The contracts of older back ends that are spoken beside this server's own: "
        "docs/dialects.md.",
    ),
    Setting(
        "GOOGLE_CLIENT_ID",
        kind.text,
        "the client id from Google's console, together with GOOGLE_CLIENT_SECRET",
        "",
        "Signing in with Google, or with the provider of OAUTH_METADATA_URL; unset, no page offers "
        "it. The redirect address to register there is BASE_URL/auth/google/callback.",
    ),
    Setting(
        "GOOGLE_CLIENT_SECRET",
        kind.text,
        "the client secret from Google's console, together with GOOGLE_CLIENT_ID",
        "",
        "Belongs to GOOGLE_CLIENT_ID.",
        secret=True,
    ),
    Setting(
        "OAUTH_METADATA_URL",
        kind.metadata_address,
        "an https:// address that ends in /.well-known/openid-configuration; http:// on this "
        "computer only",
        "https://accounts.google.com/.well-known/openid-configuration",
        "Where the OpenID provider to sign in with says what it can: Google, or any other.",
    ),
    Setting(
        "OAUTH_NAME",
        kind.text,
        "a name",
        "Google",
        "What the pages call that provider.",
    ),
    Setting(
        "SMTP_URL",
        kind.mail_server,
        "smtp://user:password@host:587 or smtps://user:password@host:465, with ?tls=required or "
        "?verify=off",
        "",
        "The server that mail leaves through. smtp:// is encrypted where the server offers it "
        "(STARTTLS), and always where there is a password or with ?tls=required. By default mail "
        "is written to the log and kept in INSTANCE_DIR/mail.",
    ),
    Setting(
        "MAIL_FROM",
        kind.mailbox,
        "an e-mail address, alone or as Name <address>",
        "",
        "Whom mail comes from. By default noreply@ the host of BASE_URL.",
    ),
    Setting(
        "REQUIRE_VERIFIED_EMAIL",
        kind.switch,
        "on or off",
        "off",
        "`on`: whoever hasn't confirmed their e-mail address can read, but not write.",
    ),
    Setting(
        "USER_ROLES",
        kind.words,
        "names of up to 50 characters, separated by commas",
        "",
        "The roles a profile can choose from; empty for any text.",
    ),
    Setting(
        "THEMES",
        kind.themes,
        "names of folders in templates/themes, separated by commas",
        "bubbles,plain",
        "The themes people can choose from.",
    ),
    Setting(
        "DEFAULT_THEME",
        kind.text,
        "one of THEMES",
        "",
        "The theme of whoever hasn't chosen one, and of pages for nobody in particular. By default "
        "the first of THEMES.",
    ),
    Setting(
        "REGISTRATION",
        kind.choice("open", "invite", "closed"),
        "open, invite or closed",
        "open",
        "Who can make an account: everyone who reaches the server; whoever has an administrator's "
        "invitation link; or nobody, and accounts are made on the command line.",
    ),
    Setting(
        "RATE_LIMITS",
        kind.switch,
        "on or off",
        "on",
        "`off` switches every limit on rate and on number of connections off: for benchmarks and "
        "load tests only.",
    ),
    Setting(
        "CONCURRENCY",
        kind.choice("eventlet", "gevent", "threads"),
        "eventlet, gevent or threads",
        "eventlet",
        "What runs many connections in one process. gevent needs requirements-gevent.txt "
        "installed; threads serve a few hundred connections.",
    ),
    Setting(
        "LOG_FORMAT",
        kind.choice("text", "json"),
        "text or json",
        "text",
        "One line an event, to read or to collect.",
    ),
    Setting(
        "LOG_LEVEL",
        kind.choice("debug", "info", "warning", "error"),
        "debug, info, warning or error",
        "info",
        "What is logged; debug adds a line for each request.",
    ),
    Setting(
        "INSTANCE_DIR",
        kind.folder,
        "a folder this process may write to; a relative one is seen from chatapp's own folder",
        "instance",
        "Where secrets, the embedded database, pictures without MEDIA_URL and mail without "
        "SMTP_URL are kept. Back it up; keep it private.",
    ),
    Setting(
        "MEDIA_URL",
        kind.media,
        "file: and a folder that this process may write to, such as file:///var/lib/chatapp/media",
        "",
        "Where pictures are kept. By default the folder media in INSTANCE_DIR. Back it up together "
        "with the database.",
    ),
    Setting(
        "PICTURE_FETCH",
        kind.switch,
        "on or off",
        "on",
        "Whether a picture that somebody gives as an https address is fetched from there, once, to "
        "be shown from here. `off`: initials are shown, and only uploads as pictures.",
    ),
    Setting(
        "PICTURE_FETCH_ALLOW",
        kind.networks,
        "networks or addresses such as 10.20.0.0/16, separated by commas",
        "",
        "Networks that aren't public and that pictures may be fetched from all the same, by any "
        "port. Whoever has an account can then make this server ask there.",
    ),
)
_BY_NAME = {setting.name: setting for setting in SETTINGS}


def environment() -> dict[str, str]:
    """The variables in force: the process's own, over those of `.env` in the top folder.

    Raises SettingsError when `.env` is there and can't be read.
    """
    if not ENV_FILE.exists():
        return dict(os.environ)
    from dotenv import dotenv_values

    try:
        # Without interpolation: a password may well hold ${.
        from_file = dotenv_values(ENV_FILE, interpolate=False, encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise SettingsError([f"  {ENV_FILE} can't be read: {exc}"]) from None
    return {name: value or "" for name, value in from_file.items()} | dict(os.environ)


def read(environ: Mapping[str, str], *names: str) -> dict[str, Any]:
    """The values of the named settings (all, where none is named), defaults filled in.

    Raises SettingsError that lists every wrong value among them.
    """
    values, problems = _read(environ, names or tuple(_BY_NAME))
    if problems:
        raise SettingsError(problems)
    return values


def _read(environ: Mapping[str, str], names: Iterable[str]) -> tuple[dict[str, Any], list[str]]:
    values: dict[str, Any] = {}
    problems = []
    for name in names:
        setting = _BY_NAME[name]
        text = environ.get(name, "").strip() or setting.default
        values[name] = None
        if text:
            try:
                values[name] = setting.parse(text)
            except ValueError as exc:
                problems.append(_problem(setting, text, str(exc)))
    return values, problems


def _problem(setting: Setting, text: str, reason: str) -> str:
    if setting.secret:
        shown = f"({len(text)} characters, not shown)"
    else:
        shown = _printable(masked(text) if setting.name.endswith("_URL") else text)
    line = f"  {setting.name}={shown}"
    if reason:
        line += f"\n      wrong:   {reason}"
    return f"{line}\n      allowed: {setting.allowed}"


def masked(address: str) -> str:
    """The address without what may be secret: what precedes the host, and the parameters."""
    before, at, rest = address.rpartition("@")
    scheme, slashes, _ = before.partition("://")
    return (f"{scheme}{slashes}***@" if slashes else "***@" if at else "") + rest.partition("?")[0]


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text[:200])


def base_url(given: str | None, host: str, port: int) -> str:
    """The address people open: the given one, else the one served."""
    if given is None:
        # Everywhere isn't an address a browser can open.
        shown = "127.0.0.1" if host in ("0.0.0.0", "::") else kind.bracketed(host)  # noqa: S104
        return f"http://{shown}:{port}"
    parts = urlsplit(given)
    if parts.scheme == "http" and parts.port is None and parts.netloc in LOOPBACK:
        return f"{given}:{port}"
    return given


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Every setting, read and checked. Made by `load()` or, in tests, by `from_env({...})`."""

    host: str
    port: int
    base_url: str
    #: The names that requests may be sent to; none where any may be.
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
    smtp_url: kind.MailServer | None
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

    @classmethod
    def load(cls) -> Settings:
        """The settings of this process: the environment over `.env`. Raises SettingsError."""
        return cls.from_env(environment())

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Settings:
        """The settings that these variables make; an empty value counts as unset.

        Secrets that aren't given are read from, or made in, INSTANCE_DIR.
        Raises SettingsError that lists everything that is wrong; then nothing was made.
        """
        values, problems = _read(environ, _BY_NAME)
        if bool(values["GOOGLE_CLIENT_ID"]) != bool(values["GOOGLE_CLIENT_SECRET"]):
            missing = "SECRET" if values["GOOGLE_CLIENT_ID"] else "ID"
            problems.append(_missing(f"GOOGLE_CLIENT_{missing}"))
        elsewhere = environ.get("DATABASE_URL", "").strip()
        if not elsewhere and _names_postgres(values):
            needed = ["DB_NAME", "DB_USER"] if values["DB_PASSWORD"] else ["DB_NAME"]
            problems += [_missing(name) for name in needed if not environ.get(name, "").strip()]
        values["DEFAULT_THEME"] = values["DEFAULT_THEME"] or next(
            iter(values["THEMES"] or ()), None
        )
        if values["THEMES"] and values["DEFAULT_THEME"] not in values["THEMES"]:
            problems.append(
                _problem(
                    _BY_NAME["DEFAULT_THEME"],
                    values["DEFAULT_THEME"],
                    f"it isn't one of THEMES={','.join(values['THEMES'])}",
                )
            )
        if problems:
            raise SettingsError(problems)
        database = values["DATABASE_URL"] or _from_parts(values)
        kept = {name: _kept_secret(values, name) for name in ("SECRET_KEY", "JWT_SECRET")}
        values |= kept | _pool(values, database, environ)
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
            # One server, three spellings: who is told of 127.0.0.1 may well type localhost.
            addresses |= {self.base_url.replace(name, other, 1) for other in LOOPBACK}
        return frozenset(kind.origin(address) for address in addresses)

    @property
    def secure(self) -> bool:
        """Whether people come by https: cookies then go nowhere else."""
        return self.base_url.startswith("https:")

    @property
    def session_cookie(self) -> str:
        """The session cookie's name. With `__Host-` browsers take it from this very host only."""
        return "__Host-chatapp_session" if self.secure else "chatapp_session"

    @property
    def any_origin(self) -> bool:
        """Whether every page may call, by token: never with a cookie."""
        return "*" in self.socket_io_cors

    @property
    def notices(self) -> tuple[str, ...]:
        """What an operator should know of these settings at the start, though nothing is wrong."""
        unused = [name for name in ("REDIS_URL", "RABBITMQ_URL") if getattr(self, name.lower())]
        notices = [f"{name} is set, but this version doesn't use it yet." for name in unused]
        if self.mongodb_url and self.session_url != self.mongodb_url:
            notices.append("MONGODB_URL isn't used: SESSION_URL says where sessions are kept.")
        everywhere = self.host in ("0.0.0.0", "::")  # noqa: S104
        if everywhere and self.base_url == base_url(None, self.host, self.port):
            notices.append(
                f"HOST={self.host} serves other computers, whose browsers can chat only at "
                "BASE_URL: set it to the address they open."
            )
        if self.base_url.startswith("https:") and not self.trusted_proxies:
            notices.append(
                "BASE_URL is https, so a proxy stands in front: set TRUSTED_PROXIES=1, or everyone "
                "counts as one address."
            )
        if not self.rate_limits:
            notices.append("RATE_LIMITS=off: nothing stops guessing or flooding.")
        return tuple(notices)


def _allowed_hosts(address: str | None, allowed: tuple[str, ...]) -> frozenset[str]:
    if "*" in allowed or (address is None and not allowed):
        return frozenset()
    own = urlsplit(address or "").hostname or "localhost"
    return frozenset((own, "localhost", *allowed))


def _mail_from(address: str) -> str:
    name = urlsplit(address).hostname or ""
    # Digits alone, or with colons, are no name that mail can come from.
    return f"noreply@{name if any(c.isalpha() for c in name) and ':' not in name else 'localhost'}"


def _missing(name: str) -> str:
    return f"  {name} is missing\n      allowed: {_BY_NAME[name].allowed}"


def _names_postgres(values: Mapping[str, Any]) -> bool:
    if values["DATABASE_URL"] or values["DB_DIALECT"] == "sqlite":
        return False
    parts = ("DB_DIALECT", "DB_HOST", "DB_PORT", "DB_USER", "DB_PASSWORD", "DB_NAME")
    return any(values[part] for part in parts)


def _from_parts(values: Mapping[str, Any]) -> Database:
    """The database named by the DB_ settings, else the SQLite file in INSTANCE_DIR."""
    if not _names_postgres(values):
        return kind.sqlite(quote(values["DB_NAME"] or f"{values['INSTANCE_DIR']}/chatapp.db"))
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


def _pool(
    values: Mapping[str, Any], database: Database, environ: Mapping[str, str]
) -> dict[str, Any]:
    """The pool's settings: a variable counts before the address, the address before the default."""

    def given(name: str) -> bool:
        return bool(environ.get(name, "").strip())

    pool: dict[str, Any] = {}
    if database.pool_size is not None and not given("DB_POOL_SIZE"):
        pool["DB_POOL_SIZE"] = database.pool_size
        if not given("DB_MAX_OVERFLOW"):
            pool["DB_MAX_OVERFLOW"] = 0  # connection_limit means all of them
    if database.pool_timeout is not None and not given("DB_POOL_TIMEOUT"):
        pool["DB_POOL_TIMEOUT"] = database.pool_timeout
    return pool


def _kept_secret(values: Mapping[str, Any], name: str) -> str:
    """The given secret, else the one kept in INSTANCE_DIR, which the first start makes."""
    if values[name]:
        return str(values[name])
    path: Path = values["INSTANCE_DIR"] / name.lower()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            _make_secret(path)
        except FileExistsError:
            pass
        secret = _read_secret(path)
    except OSError as exc:
        raise SettingsError(
            [
                f"  INSTANCE_DIR={path.parent}\n      wrong:   {exc.strerror}: {exc.filename}\n"
                f"      allowed: {_BY_NAME['INSTANCE_DIR'].allowed}"
            ]
        ) from None
    if len(secret.encode()) < SECRET_BYTES:
        raise SettingsError(
            [f"  {path} holds fewer than {SECRET_BYTES} bytes: remove it, and a new one is made"]
        )
    return secret


def _make_secret(path: Path) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(file, (secrets.token_urlsafe(48) + "\n").encode())
        os.fsync(file)
    finally:
        os.close(file)


def _read_secret(path: Path) -> str:
    if path.stat().st_mode & 0o077:
        path.chmod(0o600)
    # Another process may have made the file this moment and not yet filled it.
    for _ in range(50):
        secret = path.read_text(errors="replace", encoding="utf-8").strip()
        if secret:
            break
        time.sleep(0.01)
    return secret
