"""People who use a live server: over REST, over sockets, and over pages without scripts."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import requests

from tests.support.html import Page
from tests.support.waiting import PATIENCE, Site
from tests.support.wire import Wire

PASSWORD = "correct horse battery"
T = TypeVar("T")
_numbers = itertools.count(1)
_run = secrets.token_hex(3)  # a database may outlive one run of the tests


def new_username(name: str) -> str:
    """A username that nobody has."""
    first = name.split(maxsplit=1)[0].lower()
    return f"{first if first.isascii() else 'person'}-{_run}-{next(_numbers)}"


class Person:
    """Someone registered over REST."""

    def __init__(self, server: Site, name: str, username: str | None = None) -> None:
        self.server = server
        self.name = name
        self.username = username or new_username(name)
        self.email = f"{self.username}@example.org"
        self.wires: list[Wire] = []
        answer = requests.post(
            f"{server.url}/api/auth/register",
            json={
                "email": self.email,
                "password": PASSWORD,
                "name": name,
                "username": self.username,
            },
            timeout=PATIENCE,
        )
        assert answer.status_code == 201, answer.text
        self.user = answer.json()["user"]
        self.id: str = self.user["id"]
        self.token: str = answer.json()["token"]

    def rest(self, method: str, path: str, **kwargs: Any) -> requests.Response:
        """A REST call with the bearer token."""
        headers = {"Authorization": f"Bearer {self.token}", **kwargs.pop("headers", {})}
        return requests.request(
            method, self.server.url + path, headers=headers, timeout=PATIENCE, **kwargs
        )

    def get(self, path: str, **params: Any) -> Any:
        """The JSON of a GET that must succeed."""
        answer = self.rest("GET", path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def wire(self, **auth: Any) -> Wire:
        """A new socket, identified by the token."""
        wire = Wire(self.server, auth={"token": self.token, **auth})
        self.wires.append(wire)
        return wire

    def opens(self, other: Person) -> int:
        """The id of the one-to-one conversation with the other."""
        answer = self.rest("POST", "/api/chat", json={"participant_ids": [other.id]})
        assert answer.status_code in (200, 201), answer.text
        return int(answer.json()["id"])

    def says(self, conversation_id: int, content: str, **more: Any) -> dict[str, Any]:
        """The stored message, sent over REST."""
        answer = self.rest(
            "POST", f"/api/chat/{conversation_id}/messages", json={"content": content, **more}
        )
        assert answer.status_code == 201, answer.text
        message: dict[str, Any] = answer.json()
        return message

    def history(self, conversation_id: int) -> list[dict[str, Any]]:
        """Every stored message, oldest first, read page by page."""
        items: list[dict[str, Any]] = []
        more = True
        while more:
            after = items[-1]["seq"] if items else 0
            page = self.get(f"/api/chat/{conversation_id}/messages", after=after, limit=200)
            items += page["items"]
            more = page["has_more"]
        return items

    def new_login(self) -> str:
        """A further token of the same person."""
        answer = requests.post(
            f"{self.server.url}/api/auth/login",
            json={"email": self.email, "password": PASSWORD},
            timeout=PATIENCE,
        )
        assert answer.status_code == 200, answer.text
        return str(answer.json()["token"])

    def web(self) -> WebSession:
        """A page session of this person, signed in by the form."""
        session = WebSession(self.server)
        answer = session.submit("/login", email=self.email, password=PASSWORD)
        assert answer.status_code in (302, 303), answer.text
        return session


class WebSession:
    """A browser without scripts: cookies, pages, forms."""

    def __init__(self, server: Site) -> None:
        self.server = server
        self.http = requests.Session()

    def request(self, method: str, path: str, **kwargs: Any) -> requests.Response:
        kwargs.setdefault("allow_redirects", False)
        return self.http.request(method, self.server.url + path, timeout=PATIENCE, **kwargs)

    def page(self, path: str) -> Page:
        answer = self.request("GET", path, allow_redirects=True)
        assert answer.status_code == 200, (path, answer.status_code, answer.text[:300])
        return Page(answer.text)

    def submit(self, page: str, action: str | None = None, **fields: str) -> requests.Response:
        """Fill in the form on `page` that posts to `action` (the page itself) and send it."""
        form = self.page(page).form(action or page)
        return self.request("POST", form.action or page, data={**form.fields, **fields})

    @property
    def cookie_header(self) -> str:
        """The session's alone: the device cookie is no credential."""
        return "; ".join(
            f"{cookie.name}={cookie.value}"
            for cookie in self.http.cookies
            if cookie.name.endswith("session")
        )


def at_once(tasks: Iterable[Callable[[], T]], workers: int = 50) -> list[T]:
    """The answers of all tasks, run at the same time as far as threads can."""
    listed = list(tasks)
    with ThreadPoolExecutor(min(workers, len(listed))) as pool:
        return [future.result() for future in [pool.submit(task) for task in listed]]
