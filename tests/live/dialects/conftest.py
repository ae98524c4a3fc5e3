"""What the tests here share."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.people import Person
from tests.support.server import LiveServer


@pytest.fixture
def alice(server: LiveServer) -> Person:
    return Person(server, "Alice")


@pytest.fixture
def bob(server: LiveServer) -> Person:
    return Person(server, "Bob")


@pytest.fixture
def group(alice: Person, bob: Person) -> dict[str, Any]:
    """Alice's and Bob's."""
    made = alice.rest("POST", "/api/groups", json={"name": "Crew", "members": [bob.id]})
    body: dict[str, Any] = made.json()
    return body


@pytest.fixture
def carol(server: LiveServer) -> Person:
    return Person(server, "Carol")
