"""What the tests here share."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from chatapp.core.events import ClientEvent
from tests.support.groups import Json, make
from tests.support.world import Person, World, register


@pytest.fixture
def heard(app) -> Iterator[list[ClientEvent]]:
    """What is announced from here on."""
    events: list[ClientEvent] = []
    end = app.extensions["events"].subscribe(events.append)
    yield events
    end()


@pytest.fixture
def crew(world: World) -> Json:
    """Alice's group with Bob in it."""
    return make(world.alice, world.bob)


@pytest.fixture
def more(app) -> Callable[[int], list[Person]]:
    return lambda count: [register(app, f"person{n}") for n in range(count)]
