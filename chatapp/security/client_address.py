"""Client addresses: behind trusted proxies, and as they are counted for limits."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from typing import Any

from werkzeug.middleware.proxy_fix import ProxyFix

from chatapp.core.wsgi_types import Environ, WsgiApp

_WITH_PORT = re.compile(r"\[(?P<v6>[0-9a-fA-F:.%]+)\](:[0-9]+)?|(?P<v4>[0-9.]+):[0-9]+")


def trust_proxies(wsgi_app: WsgiApp, count: int) -> WsgiApp:
    """Wrap ``wsgi_app``: believe the last ``count`` proxies about address, scheme and host.

    This is the outermost middleware, so that sockets are counted by the same address as pages.
    """
    if not count:
        return wsgi_app
    return ProxyFix(_without_port(wsgi_app), x_for=count, x_proto=count, x_host=count)


def _without_port(wsgi_app: WsgiApp) -> WsgiApp:
    """Drop the client's port, which some proxies (Azure's, IIS) name too: it changes each time."""

    def call(environ: Environ, start_response: Any) -> Iterable[bytes]:
        found = _WITH_PORT.fullmatch(environ.get("REMOTE_ADDR", ""))
        if found:
            environ["REMOTE_ADDR"] = found["v6"] or found["v4"]
        return wsgi_app(environ, start_response)

    return call


def network(address: str | None) -> str:
    """Return what is counted as one address: of IPv6 the /64, which one line has as a whole."""
    try:
        found = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return (address or "")[:64]
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, 64), strict=False))
