"""Which pages may open a socket, and for which the session cookie counts there.

A browser sends cookies along with a WebSocket handshake from any page. So the cookie is taken out
of a handshake unless the page that makes it is one of ours: its Origin is this host's or a
configured one, or, where a browser sends no Origin (polling from our own page), `Sec-Fetch-Site`
says so. `*` in SOCKET_IO_CORS opens the door for bearer tokens only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

from chatapp.transport.wsgi_errors import LogStream
from config import Settings

Environ = dict[str, Any]
WsgiApp = Callable[[Environ, Any], Iterable[bytes]]


class CookieGuard:
    """WSGI middleware: no cookie reaches Socket.IO from a page that isn't trusted."""

    def __init__(self, wsgi_app: WsgiApp, settings: Settings) -> None:
        self._app = wsgi_app
        self._settings = settings
        self._errors = LogStream()

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        """Pass the request on, its cookie left out where it doesn't count."""
        if environ.get("PATH_INFO", "").startswith("/socket.io"):
            environ["wsgi.errors"] = self._errors
            if not cookie_counts(self._settings, environ):
                environ.pop("HTTP_COOKIE", None)
        return self._app(environ, start_response)


def cookie_counts(settings: Settings, environ: Environ) -> bool:
    """Whether this handshake comes from a page for which the session cookie counts."""
    origin = environ.get("HTTP_ORIGIN")
    if origin is None:
        return environ.get("HTTP_SEC_FETCH_SITE") == "same-origin"
    return _is_trusted(settings, origin, environ)


def origin_allowed(settings: Settings, origin: str | None, environ: Environ) -> bool:
    """Whether a page of this origin may open a socket at all; None is not a browser's page."""
    return origin is None or settings.any_origin or _is_trusted(settings, origin, environ)


def _is_trusted(settings: Settings, origin: str, environ: Environ) -> bool:
    origin = origin.lower()
    if origin in settings.trusted_origins:
        return True
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or not parts.netloc:
        return False
    if settings.base_url.startswith("https:") and parts.scheme != "https":
        return False
    return origin == f"{parts.scheme}://{environ.get('HTTP_HOST', '').lower()}"
