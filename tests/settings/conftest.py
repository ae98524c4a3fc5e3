"""Fixtures for tests of single settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.settings import loader


@pytest.fixture
def load(tmp_path: Path) -> Any:
    """`load(NAME="value", …)`: the settings made by these variables alone."""
    return loader(tmp_path)
