"""What is called: whether by a program or a person, and what its view says of itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import current_app, request

from config import Settings

_ALWAYS = ("/api/", "/socket.io", "/health")
#: Beside them where the dialect is spoken: the addresses that its contract names.
KEBAB = ("/auth/register", "/auth/login", "/user/", "/group/")


def is_call(path: str, settings: Settings) -> bool:
    """Whether what answers this path is made for programs: JSON, credentials, other origins."""
    return path.startswith(_ALWAYS) or ("kebab" in settings.dialects and path.startswith(KEBAB))


def is_rest(path: str, settings: Settings) -> bool:
    """Whether this is a REST call, which needs a credential unless its view says otherwise."""
    return is_call(path, settings) and not path.startswith(("/socket.io", "/health"))


def view_called() -> Callable[..., Any] | None:
    """The view that answers this request, None where there is none."""
    return current_app.view_functions.get(request.endpoint or "")


def is_marked(*marks: str) -> bool:
    """Whether the view that answers this request bears one of these marks, as "public"."""
    view = view_called()
    return any(getattr(view, mark, False) for mark in marks)
