"""Requests forged by other sites: whatever a cookie authenticates needs the page's own token.

A call with a bearer token needs none, since no browser adds that by itself, as it does what a proxy
asks for (Basic, Negotiate). Neither does an API call that no cookie signs in. Signing in by form
needs it too, or another site could sign a visitor in as someone else.
"""

from __future__ import annotations

from flask import Flask, request
from flask_wtf.csrf import CSRFError

from chatapp.core.errors import Forbidden
from chatapp.extensions import csrf
from chatapp.security.api_paths import is_rest_request
from chatapp.security.identity import by_cookie_token, signed_in
from chatapp.security.view_policy import ViewPolicy

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


def check_request(policy: ViewPolicy) -> None:
    """Raise Forbidden for a request that changes something and may be another site's."""
    bearer = request.headers.get("Authorization", "").lower().startswith("bearer ")
    if request.method in _SAFE or bearer:
        return
    if by_cookie_token():
        # Which page makes the call stands in its Origin; that of a foreign one has cost it the
        # cookie before (see `cors`).
        same_site = request.headers.get("Sec-Fetch-Site") == "same-origin"
        if "Origin" in request.headers or same_site or policy.public:
            return
        raise Forbidden("With this cookie a call needs the Origin header that browsers send.")
    if is_rest_request() and signed_in() is None:
        return
    try:
        csrf.protect()
    except CSRFError:
        raise Forbidden(
            "This page is out of date, or the request didn't come from it. "
            "Reload the page and try again."
        ) from None
