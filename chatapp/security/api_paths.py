"""Which paths are made for programs, and which for people."""

from __future__ import annotations

from flask import current_app, request

from config import Settings

_ALWAYS = ("/api/", "/socket.io", "/health")
#: Where the kebab dialect is on, also the addresses that its contract names.
KEBAB = ("/auth/register", "/auth/login", "/user/", "/group/")


def is_api_path(path: str, settings: Settings) -> bool:
    """Return whether this path is made for programs: JSON, credentials, other origins."""
    return path.startswith(_ALWAYS) or ("kebab" in settings.dialects and path.startswith(KEBAB))


def is_rest_path(path: str, settings: Settings) -> bool:
    """Return whether this is a REST call's path: it needs a credential unless it is public."""
    return is_api_path(path, settings) and not path.startswith(("/socket.io", "/health"))


def is_rest_request() -> bool:
    """Return whether this request is a REST call."""
    return is_rest_path(request.path, current_app.config["SETTINGS"])
