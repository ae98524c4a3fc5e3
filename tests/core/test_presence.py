"""Who counts as online, as connections come and go."""

from __future__ import annotations

from uuid import uuid4

from chatapp.core import presence


def test_who_leaves_again_has_the_whole_grace_again():
    ada = str(uuid4())
    assert presence.came(ada, "first")
    assert presence.went(ada, "first")
    assert not presence.came(ada, "second"), "she never was away"
    assert presence.went(ada, "second")

    assert not presence.stayed_away(ada, "first"), "she was back since"
    assert presence.online([ada]) == {ada: True}
    assert presence.stayed_away(ada, "second")
    assert presence.online([ada]) == {ada: False}
    assert not presence.stayed_away(ada, "second"), "once is enough"


def test_only_the_last_connection_counts():
    ada = str(uuid4())
    presence.came(ada, "phone")
    assert not presence.came(ada, "laptop")
    assert not presence.went(ada, "phone")
    assert not presence.went(ada, "phone"), "it had ended already"
    assert presence.online([ada]) == {ada: True}
    assert presence.went(ada, "laptop")
    presence.stayed_away(ada, "laptop")
