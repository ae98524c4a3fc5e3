"""The page on which people say what they hide."""

from __future__ import annotations

import pytest

from tests.support.world import World

pytestmark = pytest.mark.database


def test_the_privacy_form_hides_what_is_checked(world: World):
    client, switches = world.alice.client, ("hide_last_seen", "hide_read_receipts")

    def account() -> list[bool]:
        found = world.alice.api.get("/api/users/me").get_json()
        return [found[name] for name in switches]

    def ticked() -> int:
        return client.get("/settings/privacy").text.count(" checked")

    assert (account(), ticked()) == ([False, False], 0)
    answer = client.submit("/settings/privacy", hide_read_receipts="true")
    assert answer.headers["Location"] == "/settings/privacy"
    assert "Saved." in client.get("/settings/privacy").text
    assert (account(), ticked()) == ([False, True], 1)
    client.submit("/settings/privacy", **dict.fromkeys(switches, "true"))
    assert (account(), ticked()) == ([True, True], 2)
    token = client.page("/settings/privacy").form("/settings/privacy").fields["csrf_token"]
    client.post("/settings/privacy", data={"csrf_token": token})
    assert (account(), ticked()) == ([False, False], 0)
