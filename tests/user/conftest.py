"""What the tests here share."""

from __future__ import annotations

from collections.abc import Iterator

import flask
import pytest

from tests.support.privacy import (
    group,
)
from tests.support.switchboard import Switchboard, switchboard
from tests.support.world import Person, World, register


@pytest.fixture
def board(app: flask.Flask) -> Iterator[Switchboard]:
    with switchboard(app) as board:
        yield board


@pytest.fixture
def crew(app: flask.Flask, world: World) -> tuple[Person, Person, Person, Person, int]:
    """Alice, Bob, Carol and Dave in a group."""
    dave = register(app, "Dave")
    id_ = group(world.alice, world.bob, world.carol, dave)
    return world.alice, world.bob, world.carol, dave, id_
