"""Allowed hosts: the names that this server answers to.

A request's Host is what its sender says. Nothing is built from it here, but poisoning a proxy's
cache or reading pages through a foreign name that leads here (DNS rebinding) needs it to be
answered. Flask's own TRUSTED_HOSTS is checked while routing: too late for files and sockets, which
are served before it, and it doesn't allow numeric addresses, by which load balancers check the
server.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterable
from typing import Any

from werkzeug.sansio.utils import host_is_trusted

from chatapp.core.error_responses import answer_error
from chatapp.core.errors import BadRequest
from chatapp.core.wsgi_types import Environ, WsgiApp
from config import Settings


class AllowedHosts:
    """WSGI middleware: answer 400 to a Host that isn't ours, if the names are known."""

    def __init__(self, wsgi_app: WsgiApp, settings: Settings) -> None:
        self._app = wsgi_app
        self._names = settings.allowed_hosts
        self._address = settings.base_url

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        """Pass the request on, if it was sent to one of our names or to a numeric address."""
        host = environ.get("HTTP_HOST")
        if host is None or not self._names or _is_ours(host.lower(), self._names):
            return self._app(environ, start_response)
        error = BadRequest(f"This server doesn't answer to this name. Open {self._address}")
        return answer_error(error, start_response)


def _is_ours(host: str, names: Collection[str]) -> bool:
    if host_is_trusted(host, names):
        return True
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return host_is_trusted(host)  # well formed
