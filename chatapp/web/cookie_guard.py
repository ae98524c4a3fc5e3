"""Cookies count only in calls that one of our own pages makes.

A browser sends cookies along with calls that any page makes. So the cookies are taken out of a call
unless the page that makes it is one of ours (`trusted_origins`). Any page can make a WebSocket
handshake, so that needs an Origin, or, where a browser sends none (polling from our own page),
`Sec-Fetch-Site`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from chatapp.core.wsgi_types import Environ, WsgiApp
from chatapp.security.api_paths import is_api_path
from chatapp.web.trusted_origins import cookie_counts, is_trusted
from config import Settings


class CookieGuard:
    """WSGI middleware: drop the cookies of calls by pages that aren't trusted."""

    def __init__(self, wsgi_app: WsgiApp, settings: Settings) -> None:
        self._app = wsgi_app
        self._settings = settings

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        """Pass the request on, without its cookies where they don't count."""
        path = environ.get("PATH_INFO", "")
        if path.startswith("/socket.io"):
            if not cookie_counts(self._settings, environ):
                environ.pop("HTTP_COOKIE", None)
        elif is_api_path(path, self._settings):
            origin = environ.get("HTTP_ORIGIN")
            if origin is not None and not is_trusted(self._settings, origin, environ):
                environ.pop("HTTP_COOKIE", None)
        return self._app(environ, start_response)
