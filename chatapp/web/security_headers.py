"""Security headers for every answer: pages, calls, files, redirects, errors, and Socket.IO's.

Pages get their Content-Security-Policy from Flask, with the page's nonce. What is the same for all
answers is set by a WSGI middleware around everything, since some answers don't come from Flask.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import Response, g

from chatapp.core.wsgi_types import Environ, Headers, WsgiApp
from config import Settings

_NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_HSTS = "max-age=31536000"


def always(settings: Settings) -> Headers:
    """Return the headers of every answer that doesn't set them itself."""
    headers = [
        ("Content-Security-Policy", _NOTHING),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "same-origin"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cache-Control", "no-store"),
    ]
    if settings.base_url.startswith("https:"):
        headers.append(("Strict-Transport-Security", _HSTS))
    return headers


class SecureHeaders:
    """WSGI middleware: add the headers of every answer that it hasn't set itself."""

    def __init__(self, wsgi_app: WsgiApp, settings: Settings) -> None:
        self._app = wsgi_app
        self._always = always(settings)

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        """Pass the request on, and complete its answer's headers."""

        def start(status: str, headers: Headers, *more: Any) -> Any:
            said = {name.lower(): value for name, value in headers}
            headers = headers + [pair for pair in self._always if pair[0].lower() not in said]
            return start_response(status, _varying(headers, said.get("cache-control", "")), *more)

        return self._app(environ, start)


def restrict_page(response: Response) -> Response:
    """Let a page load only what is ours, and run only what carries its nonce."""
    if response.mimetype != "text/html":
        return response
    nonce = f" 'nonce-{g.csp_nonce}'" if "csp_nonce" in g else ""
    policy = (
        "default-src 'none'",
        f"script-src 'self'{nonce}",
        f"style-src 'self'{nonce}",
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "object-src 'none'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
    response.headers.setdefault("Content-Security-Policy", "; ".join(policy))
    return response


def _varying(headers: Headers, caching: str) -> Headers:
    """Merge Vary into one header, with Cookie unless the answer is public, so the same for all."""
    said = ",".join(value for name, value in headers if name.lower() == "vary").split(",")
    names = dict.fromkeys(filter(None, map(str.strip, said)))
    if "public" in caching:
        names.pop("Cookie", None)
    else:
        names["Cookie"] = None
    others = [pair for pair in headers if pair[0].lower() != "vary"]
    return [*others, ("Vary", ", ".join(names))] if names else others
