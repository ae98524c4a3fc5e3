"""What the tests here share."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chatapp.auth.oidc import client as oidc_client
from tests.support.provider import CLIENT_ID, CLIENT_SECRET, Provider


@pytest.fixture(scope="module")
def the_provider():
    provider = Provider().start()
    yield provider
    provider.stop()


@pytest.fixture
def provider(app, the_provider, monkeypatch):
    """The provider, telling the truth, and the app set up for it."""
    the_provider.tell_the_truth()
    settings = replace(
        app.config["SETTINGS"],
        google_client_id=CLIENT_ID,
        google_client_secret=CLIENT_SECRET,
        oauth_metadata_url=the_provider.metadata_url,
    )
    monkeypatch.setitem(app.config, "SETTINGS", settings)
    oidc_client.get_client.cache_clear()
    yield the_provider
    oidc_client.get_client.cache_clear()
