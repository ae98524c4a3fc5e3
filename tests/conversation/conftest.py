"""What the tests here share."""

from __future__ import annotations

import pytest

from tests.support.mentions import group


@pytest.fixture
def crew(world) -> int:
    """A group of Alice, Bob and Carol."""
    return group(world.alice, world.bob, world.carol)


@pytest.fixture
def path(world):
    return f"/api/chat/{world.conversation_id}/preferences"
