"""Who counts as online, as connections come and go."""

from __future__ import annotations

from chatapp.core.presence import OnlinePeople


def test_who_leaves_again_has_the_whole_grace_again():
    ada, presence = "ada", OnlinePeople()
    assert presence.add(ada, "first")
    assert presence.remove(ada, "first")
    assert not presence.add(ada, "second"), "she never was away"
    assert presence.remove(ada, "second")

    assert not presence.expire(ada, "first"), "she was back since"
    assert presence.online([ada]) == {ada: True}
    assert presence.expire(ada, "second")
    assert presence.online([ada]) == {ada: False}
    assert not presence.expire(ada, "second"), "once is enough"


def test_only_the_last_connection_counts():
    ada, presence = "ada", OnlinePeople()
    presence.add(ada, "phone")
    assert not presence.add(ada, "laptop")
    assert not presence.remove(ada, "phone")
    assert not presence.remove(ada, "phone"), "it had ended already"
    assert presence.online([ada]) == {ada: True}
    assert presence.remove(ada, "laptop")
    presence.expire(ada, "laptop")
