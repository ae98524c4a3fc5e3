"""One world for every test of who may what.

Alice and Bob share a one-to-one conversation with three messages; Carol is a stranger to it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import flask
import pytest
from werkzeug.test import TestResponse

from tests.support.copies import Copies
from tests.support.pages import PageClient

PASSWORD = "correct horse battery"


class Api:
    """Colon's REST with a bearer token, on the app in this process."""

    def __init__(self, app: flask.Flask, token: str | None) -> None:
        self._client = app.test_client(use_cookies=False)
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def call(self, method: str, path: str, json: Any = None, **kwargs: Any) -> TestResponse:
        headers = {**self._headers, **kwargs.pop("headers", {})}
        if json is not None:
            kwargs["json"] = json
        return self._client.open(path, method=method, headers=headers, **kwargs)

    def get(self, path: str, **query: Any) -> TestResponse:
        return self.call("GET", path, query_string=query)

    def post(self, path: str, json: Any = None) -> TestResponse:
        return self.call("POST", path, json)

    def put(self, path: str, json: Any = None) -> TestResponse:
        return self.call("PUT", path, json)

    def patch(self, path: str, json: Any = None) -> TestResponse:
        return self.call("PATCH", path, json)

    def delete(self, path: str, json: Any = None) -> TestResponse:
        return self.call("DELETE", path, json)


@dataclass
class Person:
    """Someone registered, with a token; `client` is their browser, signed in when first used."""

    app: flask.Flask = field(repr=False)
    id: str
    name: str
    username: str
    email: str
    token: str
    password: str = PASSWORD

    @property
    def api(self) -> Api:
        return Api(self.app, self.token)

    @cached_property
    def client(self) -> PageClient:
        client = PageClient(self.app)
        answer = client.submit("/login", email=self.email, password=self.password)
        assert answer.status_code in (302, 303), answer.text
        return client


@dataclass
class World:
    alice: Person
    bob: Person
    carol: Person
    conversation_id: int

    @cached_property
    def messages(self) -> list[dict[str, Any]]:
        """The three of the conversation, as they are when this is asked first."""
        path = f"/api/chat/{self.conversation_id}/messages"
        messages: list[dict[str, Any]] = self.alice.api.get(path).get_json()["items"]
        return messages[:3]


def register(app: flask.Flask, name: str) -> Person:
    """Someone new, by the public door."""
    username = name.lower()
    email = f"{username}@example.org"
    answer = Api(app, None).post(
        "/api/auth/register",
        {"email": email, "password": PASSWORD, "name": name, "username": username},
    )
    assert answer.status_code == 201, answer.text
    body = answer.get_json()
    return Person(app, body["user"]["id"], name, username, email, body["token"])


@pytest.fixture(scope="session")
def worlds(app: flask.Flask, empty_tables: Callable[[], None]) -> Callable[[], World]:
    """Gives the world anew, under other ids: made by the public doors once, then copied."""
    people = [register(app, name) for name in ("Alice", "Bob", "Carol")]
    alice, bob, _ = people
    opened = alice.api.post("/api/chat", {"participant_ids": [bob.id]})
    assert opened.status_code == 201, opened.text
    conversation_id = opened.get_json()["id"]
    for sender, content in ((alice, "Hello Bob"), (bob, "Hello Alice"), (alice, "Lunch?")):
        sent = sender.api.post(f"/api/chat/{conversation_id}/messages", {"content": content})
        assert sent.status_code == 201, sent.text
    copies = Copies(app)
    empty_tables()

    def copy() -> World:
        made = copies.make()
        copied = (
            replace(person, id=made.ids[person.id], token=made.tokens[person.id])
            for person in people
        )
        return World(*copied, made.conversations[conversation_id])

    return copy


@pytest.fixture
def world(worlds: Callable[[], World]) -> World:
    """Alice and Bob with their conversation, and Carol."""
    return worlds()
