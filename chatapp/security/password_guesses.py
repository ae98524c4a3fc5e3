"""Guesses at passwords, counted over all doors and processes together.

During a pause (`attempt_rules.Pauses`) the right password is refused in the same words, and a name
that nobody has is treated alike. A password reset ends the pause (`clear_failures`); the pause of a
device of the account's owner ends with any new password. Where RATE_LIMITS is off, nothing is
counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

from flask import Flask, current_app
from sqlalchemy import delete

from chatapp.core.db import atomic
from chatapp.core.keyed_locks import KeyedLocks
from chatapp.models import Attempts
from chatapp.security import attempt_counters, rate_limits
from chatapp.security.attempt_counters import Counted
from chatapp.security.attempt_limits import check, try_spend
from chatapp.security.attempt_rules import ACCOUNT, CONFIRMATION, DEVICE, FAILURES, Pauses
from chatapp.security.request_source import Source


@dataclass(slots=True)
class Guess:
    """A try at a password, which counts as a failure until it has `succeeded`."""

    #: None where nothing is counted.
    counted: Counted | None = None
    right: bool = field(default=False, init=False)

    def succeeded(self) -> None:
        """Don't count this try, which was right, nor failures of long ago."""
        self.right = True
        if self.counted is not None:
            attempt_counters.take_back(self.counted, quiet_time=ACCOUNT.longest)


def init_app(app: Flask) -> None:
    """Let guesses at one account wait for each other in this app."""
    app.extensions["password_guesses"] = KeyedLocks()


@contextmanager
def guess(subject: str, source: Source, stored: str | None = None) -> Iterator[Guess]:
    """Count a try to sign in as ``subject``: a person's id, or a name that nobody has.

    ``stored`` is the hash of the password that is guessed at: a device's pause ends with it.
    The try is counted, and that committed, before the password is looked at: else tries at the same
    time could outrun the limit. Within a process those at one account wait for each other, so that
    many right ones all pass. It is a wrong one unless it is told that it `succeeded`.
    Raises RateLimited.
    """
    if not rate_limits.enabled():
        yield Guess()
        return
    known = source.device_id if source.device_of == subject else None
    rule, counted = (DEVICE, f"{known}:{stored}") if known else (ACCOUNT, subject)
    with _in_turn(rule, counted):
        if not known:
            check(FAILURES, source.network)
        mine = _begin(rule, counted)
        yield mine
        if not mine.right and not known:
            try_spend(FAILURES, source.network)  # the next one is refused, this answer stays


@contextmanager
def confirmation(user_id: str) -> Iterator[Guess]:
    """Count a try of someone signed in to confirm their password. Raises RateLimited."""
    if not rate_limits.enabled():
        yield Guess()
        return
    with _in_turn(CONFIRMATION, user_id):
        yield _begin(CONFIRMATION, user_id)


def clear_failures(user_id: str) -> None:
    """Forget the failures for this account: its owner has proved otherwise that it is theirs."""
    with atomic() as work:
        keys = [attempt_counters.key_of(rule, user_id) for rule in (ACCOUNT, CONFIRMATION)]
        work.execute(delete(Attempts).where(Attempts.key.in_(keys)))


def _in_turn(rule: Pauses, subject: str) -> AbstractContextManager[None]:
    """Wait for the other guesses that this rule counts for the subject."""
    locks: KeyedLocks = current_app.extensions["password_guesses"]
    return locks.hold(attempt_counters.key_of(rule, subject))


def _begin(rule: Pauses, subject: str) -> Guess:
    with atomic() as work:
        return Guess(attempt_counters.count(work, rule, subject))
