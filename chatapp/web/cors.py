"""CORS: which pages of other origins may call this server, and for which of them cookies count.

A browser sends cookies along with calls that any page makes. So the cookies are taken out of a call
unless the page that makes it is one of ours: its Origin is this host's or a configured one. Any
page can make a WebSocket handshake, so that needs an Origin, or, where a browser sends none
(polling from our own page), `Sec-Fetch-Site`. `*` in SOCKET_IO_CORS allows bearer tokens only.

The CORS headers of REST and Socket.IO are written here, by one exact comparison: libraries that
match patterns have let others in (Flask-CORS: CVE-2024-6221, -6839, -6866).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

from chatapp.security.api_paths import is_api_path
from config import Settings

Environ = dict[str, Any]
WsgiApp = Callable[[Environ, Any], Iterable[bytes]]
Headers = list[tuple[str, str]]

_PREFLIGHT: Headers = [
    ("Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE"),
    ("Access-Control-Allow-Headers", "Authorization, Content-Type, On-Behalf-Of, X-CSRF-Token"),
    ("Access-Control-Max-Age", "600"),
]
_EXPOSED = ("Access-Control-Expose-Headers", "Retry-After, X-Request-ID")


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
            if origin is not None and not _is_trusted(self._settings, origin, environ):
                environ.pop("HTTP_COOKIE", None)
        return self._app(environ, start_response)


class CrossOrigin:
    """WSGI middleware: tell browsers which pages may read an answer, and answer preflights."""

    def __init__(self, wsgi_app: WsgiApp, settings: Settings) -> None:
        self._app = wsgi_app
        self._settings = settings

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        """Pass the request on, and set its answer's CORS headers."""
        called = is_api_path(environ.get("PATH_INFO", ""), self._settings)
        granted = self._granted(environ.get("HTTP_ORIGIN")) if called else []
        if called and _is_preflight(environ):
            headers = [("Content-Length", "0"), *granted, *(_PREFLIGHT if granted else [])]
            start_response("204 No Content", [*headers, ("Vary", "Origin")])
            return [b""]

        def start(status: str, headers: Headers, *more: Any) -> Any:
            kept = [pair for pair in headers if not pair[0].lower().startswith("access-control-")]
            if called:
                kept += [*granted, ("Vary", "Origin")]
            return start_response(status, kept, *more)

        return self._app(environ, start)

    def _granted(self, origin: str | None) -> Headers:
        if origin is None:
            return []
        if origin in self._settings.trusted_origins:
            return [
                ("Access-Control-Allow-Origin", origin),
                ("Access-Control-Allow-Credentials", "true"),
                _EXPOSED,
            ]
        return [("Access-Control-Allow-Origin", "*"), _EXPOSED] if self._settings.any_origin else []


def cookie_counts(settings: Settings, environ: Environ) -> bool:
    """Return whether this handshake comes from a page for which the session cookie counts."""
    origin = environ.get("HTTP_ORIGIN")
    if origin is None:
        return environ.get("HTTP_SEC_FETCH_SITE") == "same-origin"
    return _is_trusted(settings, origin, environ)


def origin_allowed(settings: Settings, origin: str | None, environ: Environ) -> bool:
    """Return whether a page of this origin may open a socket; None is not a browser's page."""
    return origin is None or settings.any_origin or _is_trusted(settings, origin, environ)


def _is_preflight(environ: Environ) -> bool:
    asks = "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in environ and "HTTP_ORIGIN" in environ
    return asks and environ.get("REQUEST_METHOD") == "OPTIONS"


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
