"""CORS: which pages of other origins may call this server.

The CORS headers of REST and Socket.IO are written here, by one exact comparison: libraries that
match patterns have let others in (Flask-CORS: CVE-2024-6221, -6839, -6866). `*` in SOCKET_IO_CORS
allows bearer tokens only: cookies count only for pages that `cookie_guard` trusts.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from chatapp.core.wsgi_types import Environ, Headers, WsgiApp
from chatapp.security.api_paths import is_api_path
from config import Settings

_PREFLIGHT: Headers = [
    ("Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE"),
    ("Access-Control-Allow-Headers", "Authorization, Content-Type, On-Behalf-Of, X-CSRF-Token"),
    ("Access-Control-Max-Age", "600"),
]
_EXPOSED = ("Access-Control-Expose-Headers", "Retry-After, X-Request-ID")


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


def _is_preflight(environ: Environ) -> bool:
    asks = "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in environ and "HTTP_ORIGIN" in environ
    return asks and environ.get("REQUEST_METHOD") == "OPTIONS"
