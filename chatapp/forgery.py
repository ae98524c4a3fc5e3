"""Requests forged by other sites: whatever a cookie authenticates needs the page's own token.

A call with a bearer token needs none, since no browser adds that by itself. Neither does an API
call that no cookie signs in. Signing in by form needs it too, or another site could sign a
visitor in as someone else.
"""

from __future__ import annotations

from flask import Flask, request
from flask_wtf.csrf import CSRFError

from chatapp.errors import Forbidden
from chatapp.extensions import csrf
from chatapp.identity import signed_in

_SAFE = ("GET", "HEAD", "OPTIONS")


def init_app(app: Flask) -> None:
    """Check every request that may change something."""
    app.config.update(
        WTF_CSRF_CHECK_DEFAULT=False,
        WTF_CSRF_TIME_LIMIT=None,
        # Pages with a token in their address send no referrer, so that can't be asked for.
        WTF_CSRF_SSL_STRICT=False,
    )
    csrf.init_app(app)
    app.before_request(_check)


def _check() -> None:
    if request.method in _SAFE or "Authorization" in request.headers:
        return
    if request.path.startswith("/api/") and signed_in() is None:
        return
    try:
        csrf.protect()
    except CSRFError:
        raise Forbidden(
            "This page is out of date, or the request didn't come from it. "
            "Reload the page and try again."
        ) from None
