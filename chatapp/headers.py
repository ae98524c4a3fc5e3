"""Security headers on every answer."""

from __future__ import annotations

from flask import Flask, g
from werkzeug.wrappers import Response


def init_app(app: Flask) -> None:
    """Set them after each request, without replacing what a view has set."""
    app.after_request(_secure)


def secure(response: Response, nonce: str | None = None) -> Response:
    """The answer with the headers that each one has; ``nonce`` lets inline script and style in."""
    inline = f" 'nonce-{nonce}'" if nonce else ""
    policy = (
        "default-src 'none'",
        f"script-src 'self'{inline}",
        f"style-src 'self'{inline}",
        "img-src 'self' data: blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
    headers = response.headers
    headers.setdefault("Content-Security-Policy", "; ".join(policy))
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    if not response.cache_control.public:
        headers.setdefault("Cache-Control", "no-store")
    return response


def _secure(response: Response) -> Response:
    return secure(response, g.get("csp_nonce"))
