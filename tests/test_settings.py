"""One's own settings, as pages without a script."""

from __future__ import annotations


def test_settings_lead_to_the_account(world):
    client = world.alice.client
    assert 'href="/settings"' in client.get("/chats").text
    answer = client.get("/settings")
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/settings/account"
    page = client.get("/settings/account").text
    assert "@alice · alice@example.org" in page
    assert "Bob" not in page


def test_settings_are_for_whoever_is_signed_in(client):
    for path in ("/settings", "/settings/account"):
        assert client.get(path).headers["Location"].startswith("/login?next=/settings")
