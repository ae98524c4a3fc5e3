"""Which addresses programs call, as against those that people open."""

from __future__ import annotations

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
