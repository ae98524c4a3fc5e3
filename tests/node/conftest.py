"""Node.js and the packages of the clients here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.node import find_node

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def node() -> str:
    """The Node.js program; the packages must be there, `make test` installs them."""
    program = find_node()
    installed = HERE / "node_modules" / "socket.io-client" / "package.json"
    if not installed.exists():
        pytest.fail(f"{installed.parent} is missing: run `npm ci` in {HERE} (`make test` does)")
    wanted = json.loads((HERE / "package.json").read_text(encoding="utf-8"))["dependencies"][
        "socket.io-client"
    ]
    version = json.loads(installed.read_text(encoding="utf-8"))["version"]
    assert version == wanted, f"socket.io-client {version} is installed, {wanted} is pinned: npm ci"
    return program
