"""Clients of the dialects on a live server."""

from __future__ import annotations

from typing import Any

import requests

from tests.support.people import PASSWORD, Person, new_username
from tests.support.server import LiveServer
from tests.support.waiting import PATIENCE
from tests.support.wire import Verdict, knock


class Cookie:
    """Somebody with the cookie `jwt`, in a browser on a page of ours."""

    def __init__(self, server: LiveServer, name: str) -> None:
        self.server = server
        self.username = new_username(name)
        answer = self.ask(
            "POST",
            "/api/auth/signup",
            {
                "fullName": name,
                "username": self.username,
                "password": PASSWORD,
                "confirmPassword": PASSWORD,
            },
        )
        assert answer.status_code == 201, answer.text
        self.id: str = answer.json()["_id"]
        self.jwt = answer.cookies["jwt"]

    def ask(self, method: str, path: str, json: Any = None, **headers: str) -> requests.Response:
        """A call with the cookie, from this site unless ``headers`` say otherwise."""
        jwt = getattr(self, "jwt", None)
        sent = {"Origin": self.server.url, **headers}
        if jwt:
            sent["Cookie"] = f"jwt={jwt}"
        sent = {name: value for name, value in sent.items() if value}
        url = self.server.url + path
        return requests.request(method, url, json=json, headers=sent, timeout=PATIENCE)

    def knock(self, origin: str | None, query: str = "") -> Verdict:
        headers = {"Cookie": f"jwt={self.jwt}", **({"Origin": origin} if origin else {})}
        return knock(self.server, "websocket", headers=headers, query=query)


def plain(answer: requests.Response, status: int, code: str) -> None:
    """`{error: "text", code}`."""
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert body["code"] == code
    assert isinstance(body["error"], str)
    assert body["error"]
    assert set(body) <= {"error", "code", "fields"}


def contents(person: Person, conversation_id: int) -> list[str]:
    items = person.get(f"/api/chat/{conversation_id}/messages")["items"]
    return [item["content"] for item in items]
