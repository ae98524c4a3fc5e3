"""Where servers store their browser sessions."""

from __future__ import annotations

import requests

from tests.support.people import WebSession
from tests.support.server import LiveServer


def cookie_of(web: WebSession) -> str:
    return str(next(c.value for c in web.http.cookies if c.name.endswith("chatapp_session")))


def with_cookie(server: LiveServer, value: str, path: str = "/people") -> requests.Response:
    """A GET that carries this session cookie, and no other."""
    return requests.get(
        f"{server.url}{path}",
        headers={"Cookie": f"chatapp_session={value}"},
        allow_redirects=False,
        timeout=20,
    )
