"""People who use the shared live server; their fixtures are every test's (see conftest)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from tests.support.people import Person
from tests.support.server import LiveServer

Register = Callable[..., Person]


@dataclass
class Pair:
    """Alice and Bob, with a one-to-one conversation that nobody else knows."""

    alice: Person
    bob: Person
    id: int


@pytest.fixture
def register() -> Iterator[Register]:
    """`register(server, "Alice")`; every socket of theirs is closed after the test."""
    people: list[Person] = []

    def registered(server: LiveServer, name: str) -> Person:
        people.append(Person(server, name))
        return people[-1]

    yield registered
    for person in people:
        for wire in person.wires:
            wire.close()


@pytest.fixture
def person(server: LiveServer, register: Register) -> Callable[[str], Person]:
    """`person("Alice")` registers on the shared server."""
    return lambda name: register(server, name)


@pytest.fixture
def pair(person: Callable[[str], Person]) -> Pair:
    alice, bob = person("Alice"), person("Bob")
    return Pair(alice, bob, alice.opens(bob))


@pytest.fixture
def carol(person: Callable[[str], Person]) -> Person:
    """A stranger to Alice and Bob."""
    return person("Carol")
