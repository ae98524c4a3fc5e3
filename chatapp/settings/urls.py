"""Parse settings that are host names, origins, or addresses of other services."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from urllib.parse import unquote, urlsplit

from chatapp.settings.parsers import comma_separated, folder, line

DEFAULT_PORTS = {"http": 80, "https": 443}
METADATA_PATH = "/.well-known/openid-configuration"
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def host(value: str) -> str:
    """Parse an IP address or a host name."""
    bare = value.removeprefix("[").removesuffix("]")
    try:
        return str(ipaddress.ip_address(bare))
    except ValueError:
        # Digits and dots alone are a mistyped address, and would be looked up as a name.
        if re.fullmatch(r"[0-9.]+", bare):
            raise
    return _host_name(bare)


def _host_name(name: str) -> str:
    """Parse a name into lower case, as browsers write it: other alphabets as `xn--`."""
    if not name.isascii():
        import idna  # large, and rarely needed

        name = idna.encode(name, uts46=True).decode()
    if len(name) > 253 or not re.fullmatch(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?", name.lower()):
        raise ValueError("the host isn't a name or an IP address")
    return name.lower()


def hosts(value: str) -> tuple[str, ...]:
    """Parse hosts separated by commas; `*` may be among them."""
    entries = comma_separated(value)
    return tuple(dict.fromkeys(e if e == "*" else host(e) for e in entries))


def bracketed(name: str) -> str:
    """Return a host as URLs write it: with brackets around IPv6."""
    return f"[{name}]" if ":" in name else name


def site_url(value: str) -> str:
    """Parse an http(s) address without path, query or user: what a browser calls an origin."""
    if re.search(r"[\s\\]", value):
        raise ValueError
    parts = urlsplit(value)
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname or "@" in parts.netloc:
        raise ValueError
    if parts.path not in ("", "/") or parts.query or parts.fragment or value[-1] in "?#":
        raise ValueError("it has more than scheme, host and port")
    return _join(parts.scheme, host(parts.hostname), parts.port)


def _join(scheme: str, name: str, port: int | None) -> str:
    return f"{scheme}://{bracketed(name)}" + ("" if port is None else f":{port}")


def origin(address: str) -> str:
    """Return the origin a browser sends for an http(s) address: without a scheme's usual port."""
    parts = urlsplit(address)
    port = parts.port if parts.port != DEFAULT_PORTS[parts.scheme] else None
    return _join(parts.scheme, parts.hostname or "", port)


def origins(value: str) -> tuple[str, ...]:
    """Parse origins separated by commas; `*` may be among them."""
    entries = comma_separated(value)
    return tuple(dict.fromkeys(e if e == "*" else origin(site_url(e)) for e in entries))


def metadata_url(value: str) -> str:
    """Parse the address where an OpenID provider describes itself.

    It must be https, except on this computer: its answer decides who signs in.
    """
    if not value.isprintable() or re.search(r"[\s\\?#]", value):
        raise ValueError
    parts = urlsplit(value)
    site_url(f"{parts.scheme}://{parts.netloc}")
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise ValueError("over http:// anybody on the way could sign in as anybody")
    if not parts.path.endswith(METADATA_PATH):
        raise ValueError
    return value


def service_url(*schemes: str) -> Callable[[str], str]:
    """Return a parser for addresses of another service, with one of these schemes."""

    def parse(value: str) -> str:
        scheme, separator, rest = line(value).partition("://")
        if scheme.lower() not in schemes:
            raise ValueError(f"its scheme isn't one of {', '.join(schemes)}")
        if not separator or not rest or " " in rest:
            raise ValueError("it names no host")
        return f"{scheme.lower()}://{rest}"

    return parse


def session_url(value: str) -> str:
    """Parse the word `database`, or the address of a MongoDB or a Redis."""
    if value.lower() == "database":
        return "database"
    return service_url("mongodb", "mongodb+srv", "redis", "rediss", "unix")(value)


def media_url(value: str) -> str:
    """Parse `file:` and a folder; a relative one starts at the top folder."""
    scheme, separator, path = line(value).partition(":")
    if scheme.lower() != "file" or not separator:
        raise ValueError(f"the scheme {scheme!r} is unknown; the known one is file:")
    path = unquote(path[2:] if path.startswith("///") else path)
    if not path or path.startswith("//"):
        raise ValueError("it names no folder of this computer")
    return f"file:{folder(path)}"
