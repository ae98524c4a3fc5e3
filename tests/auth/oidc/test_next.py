"""Where a sign-in through a provider leads, and what it leaves behind."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

import pytest
from sqlalchemy import select

from chatapp.core.db import db
from chatapp.models import StoredSession
from tests.support.attacks import EVIL_NEXT
from tests.support.oidc import come_back, sign_in
from tests.support.pages import PageClient
from tests.support.world import PASSWORD, register


def test_next_survives_the_journey(client, provider):
    back = come_back(client, provider, "/auth/google?next=/people%3Fq%3Dx")
    assert "next" not in back
    assert client.get(back).headers["Location"] == "/people?q=x"


def test_next_survives_the_confirmation(app, client, provider):
    register(app, "Ada")
    sign_in(client, provider, "/auth/google?next=/people")
    answer = client.submit("/auth/google/confirm", password=PASSWORD)
    assert answer.headers["Location"] == "/people"


@pytest.mark.slow
def test_next_stays_on_the_site(app, provider):
    for target in EVIL_NEXT[::3]:  # all of them: tests/auth/signin/test_next_redirect.py
        client = PageClient(app)
        answer = sign_in(client, provider, f"/auth/google?next={quote(target, safe='')}")
        location = answer.headers["Location"]
        assert "evil" not in urlsplit(location).netloc, (target, location)
        assert location.startswith("/"), target
        assert not location.startswith(("//", "/\\")), target
        again = client.get(f"/auth/google?next={quote(target, safe='')}")
        assert again.headers["Location"].startswith("/"), "also where one is signed in already"
        assert not again.headers["Location"].startswith(("//", "/\\")), target


def test_used_tokens_are_not_kept(app, client, provider):
    """Nothing of the provider's is in the session afterwards."""
    sign_in(client, provider)
    with app.app_context():
        for data in db.session.scalars(select(StoredSession.data)):
            assert b"opaque" not in data
            assert b"_state_google" not in data
