"""Lets pages in one at a time, and so many of each network's visitors.

Drawing a page keeps the process busy for some milliseconds. Started together, many of them would
hold up every message; through the gate there is at most one between two turns of the others.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from chatapp.core import concurrency
from chatapp.core.error_responses import answer_error
from chatapp.core.errors import RateLimited
from chatapp.core.wsgi_types import Environ, WsgiApp
from chatapp.security.api_paths import is_api_path
from chatapp.security.client_address import network
from chatapp.security.identity import TOKEN_COOKIE
from chatapp.security.rate_limits import VISITOR, RateLimiter
from config import Settings


class PageGate:
    """WSGI middleware around everything that Flask answers."""

    def __init__(self, wsgi_app: WsgiApp, settings: Settings, limiter: RateLimiter) -> None:
        self._app = wsgi_app
        self._settings = settings
        self._limiter = limiter
        self._cookies = (f"{settings.session_cookie}=", f"{TOKEN_COOKIE}=")
        self._gate = concurrency.lock()

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        """Count a visitor's request, and let a page wait for its turn."""
        path = environ.get("PATH_INFO", "")
        if path.startswith(("/socket.io", "/health")):
            return self._app(environ, start_response)
        if self._is_visitor(environ):
            try:
                self._limiter.check_visitor(network(environ.get("REMOTE_ADDR")))
            except RateLimited as error:
                return answer_error(error, start_response)
            environ[VISITOR] = True
        if not is_api_path(path, self._settings):
            with self._gate:
                concurrency.wait(0)
        return self._app(environ, start_response)

    def _is_visitor(self, environ: Environ) -> bool:
        """Return whether the request carries nothing that could sign it in."""
        cookies = environ.get("HTTP_COOKIE", "")
        return "HTTP_AUTHORIZATION" not in environ and not any(
            name in cookies for name in self._cookies
        )
