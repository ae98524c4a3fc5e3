"""CSRF: a request that changes something must come from a page of ours if a cookie signs it in.

Such a request carries the page's own token, which is a secret, signed. Somebody signed in has that
secret in their session, a visitor in a signed cookie (OWASP: "signed double-submit cookie"). A form
to log in needs a token too, or another site could sign a visitor in as someone else, but just
looking at it makes no session. Flask-WTF keeps every secret in a session, so it is not used.

A call with a bearer token needs none, since no browser adds that by itself, as it does what a proxy
asks for (Basic, Negotiate). Neither does an API call that no cookie signs in.
"""

from __future__ import annotations

import hmac
import secrets
from datetime import timedelta

from flask import Flask, Response, current_app, g, request, session
from itsdangerous import BadData, URLSafeTimedSerializer

from chatapp.core.errors import Forbidden
from chatapp.security.api_paths import is_rest_request
from chatapp.security.identity import by_cookie_token, signed_in
from chatapp.security.view_policy import ViewPolicy
from config import Settings

#: The form's field, and the key in the session.
FIELD = "csrf_token"

_SAFE = ("GET", "HEAD", "OPTIONS")
#: How long a visitor's form can be posted.
_LIFETIME = timedelta(days=1)


def init_app(app: Flask) -> None:
    """Give templates `csrf_token()`."""
    app.add_template_global(csrf_token)


def csrf_token() -> str:
    """Return the token for this page's forms."""
    if "csrf_token" not in g:
        secret = session.get(FIELD)
        if secret is None:
            secret = g.visitor_secret = _visitor_secret() or _new_secret()
        g.csrf_token = _signer("form").dumps(secret)
    token: str = g.csrf_token
    return token


def start_session_token() -> None:
    """Give a new session its secret now, or two pages opened at once would make one each."""
    g.pop("csrf_token", None)
    session[FIELD] = _new_secret()


def check_request(policy: ViewPolicy) -> None:
    """Raise Forbidden for a request that changes something and may be another site's."""
    bearer = request.headers.get("Authorization", "").lower().startswith("bearer ")
    if request.method in _SAFE or bearer:
        return
    if by_cookie_token():
        # Which page makes the call stands in its Origin; that of a foreign one has cost it the
        # cookie before (see `cookie_guard`).
        same_site = request.headers.get("Sec-Fetch-Site") == "same-origin"
        if "Origin" in request.headers or same_site or policy.public:
            return
        raise Forbidden("With this cookie a call needs the Origin header that browsers send.")
    if is_rest_request() and signed_in() is None:
        return
    if not _is_valid(request.form.get(FIELD) or request.headers.get("X-CSRF-Token", "")):
        raise Forbidden(
            "This page is out of date, or the request didn't come from it. "
            "Reload the page and try again."
        )


def _is_valid(token: str) -> bool:
    secret = session.get(FIELD) or _visitor_secret()
    try:
        sent = _signer("form").loads(token)
    except BadData:
        return False
    return secret is not None and isinstance(sent, str) and hmac.compare_digest(secret, sent)


def _new_secret() -> str:
    return secrets.token_urlsafe(16)


def _visitor_secret() -> str | None:
    """Return what the visitor's cookie holds, if we signed it."""
    try:
        secret = _signer("cookie").loads(
            request.cookies.get(_cookie_name(), ""), max_age=int(_LIFETIME.total_seconds())
        )
    except BadData:
        return None
    return secret if isinstance(secret, str) else None


def set_visitor_cookie(response: Response) -> Response:
    """Set the cookie with each page that has a form, so that it lasts a day from the last one."""
    if "visitor_secret" in g:
        response.set_cookie(
            _cookie_name(),
            _signer("cookie").dumps(g.visitor_secret),
            max_age=_LIFETIME,
            secure=_settings().secure,
            httponly=True,
            samesite="Lax",
        )
    return response


def _signer(what: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(_settings().secret_key, salt=f"csrf-{what}")


def _cookie_name() -> str:
    return "__Host-chatapp_csrf" if _settings().secure else "chatapp_csrf"


def _settings() -> Settings:
    settings: Settings = current_app.config["SETTINGS"]
    return settings
