"""What the tests here share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.bad_input import _without_presence
from tests.support.beside import Beside
from tests.support.cast import Pair
from tests.support.server import LiveServer


@pytest.fixture
def nothing_stored(pair: Pair) -> Iterator[None]:
    """Holds that the conversation is afterwards what it was."""
    pair.alice.says(pair.id, "the only one")
    before = _without_presence(pair.bob.get(f"/api/chat/{pair.id}"))
    yield
    after = _without_presence(pair.bob.get(f"/api/chat/{pair.id}"))
    assert after == before
    assert [message["content"] for message in pair.bob.history(pair.id)] == ["the only one"]


@pytest.fixture(scope="module")
def beside(server: LiveServer) -> Iterator[Beside]:
    """A further process on the data of the server, which knows nothing of its sockets."""
    process = Beside(server)
    yield process
    process.close()
