"""Where a request comes from: through proxies that are trusted, and how an address is counted."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

Environ = dict[str, Any]
WsgiApp = Callable[[Environ, Any], Iterable[bytes]]

_WITH_PORT = re.compile(r"\[(?P<v6>[0-9a-fA-F:.%]+)\](:[0-9]+)?|(?P<v4>[0-9.]+):[0-9]+")


def init_app(app: Flask, count: int) -> None:
    """Believe the last ``count`` proxies about the client's address, scheme and host; no others.

    It stands before all else, so that the socket's gate counts the same address as a page does.
    """
    if count:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            _without_port(app.wsgi_app), x_for=count, x_proto=count, x_host=count
        )


def _without_port(wsgi_app: WsgiApp) -> WsgiApp:
    """Some proxies (Azure's, IIS) name the client's port too: another one with each connection."""

    def call(environ: Environ, start_response: Any) -> Iterable[bytes]:
        found = _WITH_PORT.fullmatch(environ.get("REMOTE_ADDR", ""))
        if found:
            environ["REMOTE_ADDR"] = found["v6"] or found["v4"]
        return wsgi_app(environ, start_response)

    return call


def network(address: str | None) -> str:
    """What is counted as one address: of IPv6 the /64, which one line has whole."""
    try:
        found = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return (address or "")[:64]
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, 64), strict=False))
