"""A real OpenID provider: oidc-provider from npm, as tests/node/provider.mjs sets it up."""

from __future__ import annotations

import subprocess

import pytest

from tests.support.node import FOLDER, find_node
from tests.support.waiting import free_port

CLIENT_ID, CLIENT_SECRET = "chatapp-tests", "a secret of the tests"


class RealProvider:
    """Runs from `start()` to `stop()`, for the redirect address of one server."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[str] | None = None

    @property
    def settings(self) -> dict[str, str]:
        """What makes a server offer it."""
        return {
            "GOOGLE_CLIENT_ID": CLIENT_ID,
            "GOOGLE_CLIENT_SECRET": CLIENT_SECRET,
            "OAUTH_METADATA_URL": f"{self.url}/.well-known/openid-configuration",
        }

    def start(self, site: str) -> None:
        """Serve people who are to come back to ``site``."""
        if not (FOLDER / "node_modules" / "oidc-provider").exists():
            pytest.fail("oidc-provider is missing: run `python -m tests.support.node npm ci`")
        self._process = subprocess.Popen(
            [find_node(), "provider.mjs", str(self.port), f"{site}/auth/google/callback"],
            cwd=FOLDER,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n", "the provider didn't start"

    def stop(self) -> None:
        """It is down."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None
