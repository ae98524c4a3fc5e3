"""What the tests here share."""

from __future__ import annotations

import pytest

from tests.support.world import Api


@pytest.fixture
def nobody(app):
    return Api(app, None)
