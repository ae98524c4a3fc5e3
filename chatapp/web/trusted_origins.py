"""The origins whose pages are ours: this host's, and the configured ones.

A browser sends cookies along with calls that any page makes, so cookies count only for these.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from chatapp.core.wsgi_types import Environ
from config import Settings


def cookie_counts(settings: Settings, environ: Environ) -> bool:
    """Return whether this handshake comes from a page for which the session cookie counts."""
    origin = environ.get("HTTP_ORIGIN")
    if origin is None:
        return environ.get("HTTP_SEC_FETCH_SITE") == "same-origin"
    return is_trusted(settings, origin, environ)


def origin_allowed(settings: Settings, origin: str | None, environ: Environ) -> bool:
    """Return whether a page of this origin may open a socket; None is not a browser's page."""
    return origin is None or settings.any_origin or is_trusted(settings, origin, environ)


def is_trusted(settings: Settings, origin: str, environ: Environ) -> bool:
    """Return whether pages of this origin are ours."""
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
