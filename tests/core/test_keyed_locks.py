"""Locks by key: work on one thing waits its turn, work on another doesn't."""

from __future__ import annotations

import threading

import pytest

from chatapp.core.keyed_locks import KeyedLocks


def test_work_on_one_key_waits_its_turn_and_other_keys_do_not():
    locks, done = KeyedLocks(), []

    def work() -> None:
        with locks.hold("a"):
            done.append("second")

    with locks.hold("a"):
        waiting = threading.Thread(target=work)
        waiting.start()
        with locks.hold("b"):
            done.append("first")
    waiting.join()
    assert done == ["first", "second"]


def test_a_key_that_nobody_uses_is_forgotten():
    locks = KeyedLocks()
    with pytest.raises(ZeroDivisionError), locks.hold("a"):
        assert len(locks) == 1
        raise ZeroDivisionError
    assert len(locks) == 0
