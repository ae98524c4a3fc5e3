"""How the text of a setting becomes a value. ValueError says why it doesn't.

What is slow to import (SQLAlchemy, psycopg2, idna) is imported where it is needed: most starts
need none of it, and CONCURRENCY must be read before anything with a lock or a socket is loaded.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs, quote, unquote, urlsplit

T = TypeVar("T")

TOP = Path(__file__).resolve().parent
SECRET_BYTES = 32
DEFAULT_PORTS = {"http": 80, "https": 443}


def text(value: str) -> str:
    """One line of text."""
    if not value.isprintable():
        raise ValueError("it holds a character that can't be printed")
    return value


def whole(low: int, high: int) -> Callable[[str], int]:
    """A whole number between these bounds."""

    def parse(value: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", value) or not low <= int(value) <= high:
            raise ValueError
        return int(value)

    return parse


_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


def seconds(low: float, high: float = 3650 * 86400) -> Callable[[str], float]:
    """A time such as 7d, 24h, 15m, 30s, or plain seconds, between these bounds; as seconds."""

    def parse(value: str) -> float:
        match = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,3})?)([smhd]?)", value.lower())
        if match is None:
            raise ValueError
        number = float(match[1]) * _UNITS[match[2]]
        if not low <= number <= high:
            raise ValueError
        return number

    return parse


def duration(low: float) -> Callable[[str], timedelta]:
    """A time of at least `low` seconds."""
    parse = seconds(low)
    return lambda value: timedelta(seconds=parse(value))


def choice(*names: str) -> Callable[[str], str]:
    """One of these words, in any case."""

    def parse(value: str) -> str:
        if value.lower() not in names:
            raise ValueError
        return value.lower()

    return parse


def switch(value: str) -> bool:
    """`on` or `off`."""
    return choice("on", "off")(value) == "on"


def words(value: str) -> tuple[str, ...]:
    """Names separated by commas."""
    found = tuple(dict.fromkeys(word.strip() for word in value.split(",") if word.strip()))
    if not all(len(word) <= 50 and word.isprintable() for word in found):
        raise ValueError("a name is too long, or holds a character that can't be printed")
    return found


THEMES = TOP / "templates" / "themes"


def themes(value: str) -> tuple[str, ...]:
    """Names of themes, separated by commas, each with its folder."""
    names = words(value)
    known = sorted(folder.name for folder in THEMES.iterdir() if _is_theme(folder))
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        what = f"there is no theme {', '.join(unknown)}" if unknown else "it names no theme"
        raise ValueError(f"{what}; the known ones are {', '.join(known)}")
    return names


def _is_theme(folder: Path) -> bool:
    return folder.is_dir() and re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,39}", folder.name) is not None


def folder(value: str) -> Path:
    """A folder; a relative one is seen from the top folder, wherever the process was started."""
    return TOP / Path(text(value)).expanduser()


def host(value: str) -> str:
    """An IP address or a host name."""
    bare = value.removeprefix("[").removesuffix("]")
    try:
        return str(ipaddress.ip_address(bare))
    except ValueError:
        # Digits and dots alone are a mistyped address, and would be looked up as a name.
        if re.fullmatch(r"[0-9.]+", bare):
            raise
    return _host_name(bare)


def _host_name(name: str) -> str:
    """The name in lower case, as browsers write it: other alphabets as `xn--`."""
    if not name.isascii():
        import idna  # large, and hardly ever needed

        name = idna.encode(name, uts46=True).decode()
    if len(name) > 253 or not re.fullmatch(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?", name.lower()):
        raise ValueError("the host isn't a name or an IP address")
    return name.lower()


def web_address(value: str) -> str:
    """An http(s) address without path, query or user: exactly what a browser calls an origin."""
    if re.search(r"[\s\\]", value):
        raise ValueError
    parts = urlsplit(value)
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname or "@" in parts.netloc:
        raise ValueError
    if parts.path not in ("", "/") or parts.query or parts.fragment or value[-1] in "?#":
        raise ValueError("it has more than scheme, host and port")
    return _joined(parts.scheme, host(parts.hostname), parts.port)


LOOPBACK = ("127.0.0.1", "localhost", "::1")
METADATA_PATH = "/.well-known/openid-configuration"


def metadata_address(value: str) -> str:
    """Where an OpenID provider describes itself: what comes from there decides who signs in."""
    if not value.isprintable() or re.search(r"[\s\\?#]", value):
        raise ValueError
    parts = urlsplit(value)
    web_address(f"{parts.scheme}://{parts.netloc}")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise ValueError("over http:// anybody on the way could sign in as anybody")
    if not parts.path.endswith(METADATA_PATH):
        raise ValueError
    return value


def _joined(scheme: str, name: str, port: int | None) -> str:
    return f"{scheme}://{bracketed(name)}" + ("" if port is None else f":{port}")


def bracketed(name: str) -> str:
    """A host as addresses write it: brackets around IPv6."""
    return f"[{name}]" if ":" in name else name


def origin(address: str) -> str:
    """The origin a browser would send for an http(s) address: a scheme's usual port is left out."""
    parts = urlsplit(address)
    port = parts.port if parts.port != DEFAULT_PORTS[parts.scheme] else None
    return _joined(parts.scheme, parts.hostname or "", port)


def dialects(value: str) -> frozenset[str]:
    """Some of the older dialects' names, separated by commas; `none` for none of them."""
    names = frozenset(filter(None, (name.strip().lower() for name in value.split(","))))
    if names == {"none"}:
        return frozenset()
    if not names or not names <= {"camel", "kebab", "cookie"}:
        raise ValueError
    return names


def origins(value: str) -> tuple[str, ...]:
    """Origins separated by commas; `*` may be one of them."""
    entries = (entry for entry in map(str.strip, value.split(",")) if entry)
    return tuple(dict.fromkeys(e if e == "*" else origin(web_address(e)) for e in entries))


def hosts(value: str) -> tuple[str, ...]:
    """Hosts separated by commas; `*` may be one of them."""
    entries = (entry for entry in map(str.strip, value.split(",")) if entry)
    return tuple(dict.fromkeys(e if e == "*" else host(e) for e in entries))


def secret(value: str) -> str:
    """A key that is long enough and isn't an example's."""
    size = len(value.encode())
    if size < SECRET_BYTES:
        raise ValueError(f"it has {size} bytes")
    if re.search(r"change.?(me|this|in.?production)|your.?(jwt.?)?secret", value, re.IGNORECASE):
        raise ValueError("it looks like the placeholder of an example")
    return value


def address(*schemes: str) -> Callable[[str], str]:
    """The address of another service, by one of these schemes."""

    def parse(value: str) -> str:
        scheme, separator, rest = text(value).partition("://")
        if scheme.lower() not in schemes:
            raise ValueError(f"its scheme isn't one of {', '.join(schemes)}")
        if not separator or not rest or " " in rest:
            raise ValueError("it names no host")
        return f"{scheme.lower()}://{rest}"

    return parse


def session_store(value: str) -> str:
    """The word `database`, or the address of a MongoDB or a Redis."""
    if value.lower() == "database":
        return "database"
    return address("mongodb", "mongodb+srv", "redis", "rediss", "unix")(value)


@dataclass(frozen=True)
class MailServer:
    """Where mail is handed in. ``tls`` says when: from the first byte, demanded, or if offered."""

    host: str
    port: int
    user: str | None
    password: str | None = field(repr=False)
    tls: str
    verify: bool


def mail_server(value: str) -> MailServer:
    """The mail server of an smtp: or smtps: address.

    A password leaves this computer only encrypted. On this computer itself no certificate is
    asked for: the one that comes with a system's own mail server proves nothing.
    """
    address("smtp", "smtps")(value)
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        raise ValueError("it can't be read as an address") from None
    if not parts.hostname or parts.path not in ("", "/") or parts.fragment:
        raise ValueError("it names no host, or has more than user, password, host and port")
    given = parse_qs(parts.query, keep_blank_values=True)
    options = {name: values[-1] for name, values in given.items()}
    if not {"tls": "required", "verify": "off"}.items() >= options.items():
        raise ValueError("the only parameters are tls=required and verify=off")
    local = parts.hostname in ("localhost", "127.0.0.1", "::1")
    user = unquote(parts.username) if parts.username else None
    if parts.scheme == "smtps":
        tls = "always"
    else:
        tls = "required" if "tls" in options or (user and not local) else "offered"
    return MailServer(
        host=host(parts.hostname),
        port=port or (465 if tls == "always" else 587),
        user=user,
        password=unquote(parts.password) if parts.password else None,
        tls=tls,
        verify=not local and "verify" not in options,
    )


def mailbox(value: str) -> str:
    """An e-mail address, alone or as `Name <address>`."""
    match = re.fullmatch(r"(?:\"?([^<>\"]*?)\"?\s*<([^<>]+)>|([^<>\s]+))", text(value))
    if match is None:
        raise ValueError
    name, address_ = match[1], match[2] or match[3]
    if not re.fullmatch(r"[!#-'*+./0-9=?A-Z^-~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*", address_):
        raise ValueError
    return f"{name} <{address_}>" if name else address_


def media(value: str) -> str:
    """Where files are kept: `file:` and a folder, which is seen from the top folder."""
    scheme, separator, path = text(value).partition(":")
    if scheme.lower() != "file" or not separator:
        raise ValueError(f"the scheme {scheme!r} is unknown; the known one is file:")
    path = unquote(path[2:] if path.startswith("///") else path)
    if not path or path.startswith("//"):
        raise ValueError("it names no folder of this computer")
    return f"file:{folder(path)}"


def networks(value: str) -> tuple[str, ...]:
    """Networks, or single addresses, separated by commas."""
    entries = (entry for entry in map(str.strip, value.split(",")) if entry)
    return tuple(dict.fromkeys(str(ipaddress.ip_network(entry)) for entry in entries))


@dataclass(frozen=True)
class Database:
    """What an address says: where the database is, and the fields of ours that it decides."""

    url: str
    schema: str | None = None
    pool_size: int | None = None
    pool_timeout: float | None = None


_SQLITE = ("sqlite", "sqlite+pysqlite")
_POSTGRES = ("postgresql", "postgres", "postgresql+psycopg2")
# Parameters of other drivers that change nothing here; libpq refuses what it doesn't know.
_FOREIGN_PARAMETERS = ("pgbouncer", "socket_timeout", "sslaccept", "statement_cache_size")


def schema(value: str) -> str:
    """A schema of PostgreSQL, by a name that needs no quoting rules of its own."""
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,62}", value):
        raise ValueError("a schema's name has letters, digits and _ only")
    return value


def database(value: str) -> Database:
    """Where the database is, in any of the spellings that operators bring along."""
    scheme = text(value).partition(":")[0].lower()
    if scheme in _SQLITE:
        return sqlite(value[len(scheme) + 1 :])
    if scheme in _POSTGRES:
        return _postgres(value[len(scheme) + 1 :])
    known = ", ".join(f"{name}:" for name in (*_SQLITE[:1], *_POSTGRES))
    raise ValueError(f"the scheme {scheme!r} is unknown; the known ones are {known}")


def sqlite(rest: str) -> Database:
    """The file named by what follows `sqlite:`; 0 to 3 slashes may precede its path."""
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
        raise ValueError("the password holds an @, which an address writes as %40")
    if not url.database:
        raise ValueError("it names no database")
    query = dict(url.query)
    for name in _FOREIGN_PARAMETERS:
        query.pop(name, None)
    if query.pop("ssl", "false") in ("true", "1"):
        query.setdefault("sslmode", "require")
    if query.get("sslmode") == "no-verify":
        query["sslmode"] = "require"
    taken = {name: query.pop(name, None) for name in ("schema", "connection_limit", "pool_timeout")}
    try:
        if any(isinstance(value, tuple) for value in (*taken.values(), *query.values())):
            raise ValueError("a parameter is given twice")
        make_dsn(**query)
    except psycopg2.Error as exc:
        raise ValueError(str(exc).strip()) from None
    return Database(
        url.set(query=query).render_as_string(hide_password=False),
        schema=_parameter("schema", schema, taken),
        pool_size=_parameter("connection_limit", whole(1, 1000), taken),
        pool_timeout=_parameter("pool_timeout", seconds(0.1, 3600), taken),
    )


def _parameter(name: str, parse: Callable[[str], T], taken: Mapping[str, Any]) -> T | None:
    try:
        return None if taken[name] is None else parse(taken[name])
    except ValueError as exc:
        raise ValueError(f"the parameter {name} is wrong {exc}".strip()) from None
