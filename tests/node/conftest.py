"""Node.js and the packages of the clients here."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def node() -> str:
    """The Node.js program; the packages must be there, `make test` installs them."""
    program = shutil.which("node")
    if program is None:
        pytest.fail("Node.js (18 or newer) isn't on PATH; the tests need it")
    installed = HERE / "node_modules" / "socket.io-client" / "package.json"
    if not installed.exists():
        pytest.fail(f"{installed.parent} is missing: run `npm ci` in {HERE} (`make test` does)")
    wanted = json.loads((HERE / "package.json").read_text())["dependencies"]["socket.io-client"]
    version = json.loads(installed.read_text())["version"]
    assert version == wanted, f"socket.io-client {version} is installed, {wanted} is pinned: npm ci"
    return program
