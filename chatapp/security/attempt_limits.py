"""Attempt limits: guesses at passwords and costly requests, over all doors and processes together.

The counters are in the database, so a restart forgets nothing. There are two rules:

- `Pauses` for guesses at one account's password. Five are free; then there are pauses, the first of
  30 s and each twice the last, up to 15 minutes: at most 10 tries in any 15 minutes, from any
  number of addresses. During a pause the right password is refused in the same words, and a name
  that nobody has is treated alike. A password reset ends the pause (`clear_failures`); the pause of
  a device of the account's owner ends with any new password.
- `Quota`: so many in a period, for what one address may do (`network`: of IPv6 a /64).

Where RATE_LIMITS is off, nothing is counted.
"""

from __future__ import annotations

import hashlib
import hmac
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock

from flask import current_app
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from chatapp.core import concurrency
from chatapp.core.clock import Interval
from chatapp.core.db import atomic, db, insert, now
from chatapp.core.errors import RateLimited
from chatapp.models import Attempts
from chatapp.security import audit, rate_limits
from chatapp.security.request_source import Source


@dataclass(frozen=True, slots=True)
class Quota:
    """At most ``most`` in a period, which begins with the first."""

    name: str
    most: int
    period: timedelta
    problem: str
    advice: str = ""

    def count(self, row: Attempts, moment: datetime) -> None:
        """One more."""
        if not row.count:
            row.forget_at = moment + self.period
        row.count += 1
        row.blocked_until = row.forget_at if row.count >= self.most else None


@dataclass(frozen=True, slots=True)
class Pauses:
    """Pauses that grow with each failure, and shrink only after a quiet time."""

    name: str
    problem: str
    advice: str = ""
    free: int = 5
    first: timedelta = timedelta(seconds=30)
    longest: timedelta = timedelta(minutes=15)
    #: How long failures count.
    memory: timedelta = timedelta(days=1)

    def count(self, row: Attempts, moment: datetime) -> None:
        """One more."""
        row.count += 1
        row.forget_at = moment + self.memory
        beyond = row.count - self.free
        if beyond >= 0:
            row.blocked_until = moment + min(self.first * 2 ** min(beyond, 20), self.longest)


Rule = Quota | Pauses

_HOUR, _QUARTER = timedelta(hours=1), timedelta(minutes=15)
_WRONG = "Too many wrong passwords."
_RESET = ", or reset your password"

#: Guesses at an account's password, by anyone anywhere.
ACCOUNT = Pauses("account", _WRONG, _RESET)
#: The same from a browser that its owner has signed in with before.
DEVICE = Pauses("device", _WRONG, _RESET)
#: Someone signed in who gives the password once more, to change or end something.
CONFIRMATION = Pauses("confirmation", _WRONG, _RESET)
#: Wrong passwords from one address, whatever the accounts.
FAILURES = Quota("failures", 60, _QUARTER, "Too many wrong passwords came from your network.")
#: Registrations from one address, those that were refused too: they tell which addresses are taken.
REGISTRATIONS = Quota(
    "registrations", 30, _HOUR, "Many accounts were made from your network just now."
)
#: Mails that one address asks for.
MAILS = Quota("mails", 20, _HOUR, "Many mails were asked for from your network just now.")
#: Mails to one address or account; see `try_spend`.
MAILS_TO = Quota("mails_to", 5, _HOUR, "Several mails were sent already: look at the last one.")
#: Links and codes from one address that didn't count.
LINKS = Quota("links", 30, _QUARTER, "Too many links that don't count came from your network.")

#: Downloads of a person's own data.
DOWNLOADS = Quota("downloads", 5, _HOUR, "You have downloaded your data several times just now.")


@dataclass(slots=True)
class Guess:
    """A try at a password, which counts as a failure until it has `succeeded`."""

    _key: str | None = None
    _count: int = 0
    _blocked_before: datetime | None = None
    _forget_before: datetime | None = None
    _failed_before: datetime | None = None
    right: bool = field(default=False, init=False)

    def succeeded(self) -> None:
        """Don't count this try, which was right, nor failures of long ago."""
        self.right = True
        if self._key is None:
            return
        with atomic() as work:
            row = _locked(work, self._key)
            if row is None:
                return
            # Others may have failed since, in other processes: their pause stays.
            last = row.count == self._count
            row.count -= 1
            if last and (
                self._failed_before is None or self._failed_before <= now() - ACCOUNT.longest
            ):
                work.delete(row)
            elif last:
                row.blocked_until = self._blocked_before
                row.forget_at = self._forget_before or row.forget_at


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
    with _in_turn(_key(rule, counted)):
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
    with _in_turn(_key(CONFIRMATION, user_id)):
        yield _begin(CONFIRMATION, user_id)


def clear_failures(user_id: str) -> None:
    """Forget the failures for this account: its owner has proved otherwise that it is theirs."""
    with atomic() as work:
        keys = [_key(rule, user_id) for rule in (ACCOUNT, CONFIRMATION)]
        work.execute(delete(Attempts).where(Attempts.key.in_(keys)))


def spend(quota: Quota, subject: str) -> None:
    """Use up one of the quota. Raises RateLimited where none is left."""
    if rate_limits.enabled():
        _sweep_now_and_then()
        with atomic() as work:
            _count(work, quota, subject)


def try_spend(quota: Quota, subject: str) -> bool:
    """Use up one of the quota; return False where none was left."""
    try:
        spend(quota, subject)
    except RateLimited:
        return False
    return True


def check(quota: Quota, subject: str) -> None:
    """Raise RateLimited where nothing of the quota is left; use none up."""
    if rate_limits.enabled():
        moment = now()
        until = db.session.scalar(
            select(Attempts.blocked_until).where(
                Attempts.key == _key(quota, subject), Attempts.blocked_until > moment
            )
        )
        if until is not None:
            raise _limited(quota, until, moment)


_sweeping = Interval(600)


def _sweep_now_and_then() -> None:
    """Delete the counters that no longer count."""
    if _sweeping.due():
        with atomic() as work:
            work.execute(delete(Attempts).where(Attempts.forget_at <= now()))


def _begin(rule: Pauses, subject: str) -> Guess:
    with atomic() as work:
        return _count(work, rule, subject)


def _count(work: Session, rule: Rule, subject: str) -> Guess:
    """Count one more under this rule; return what was there before. Raises RateLimited."""
    moment, key = now(), _key(rule, subject)
    row = _locked(work, key)
    if row is None:
        empty = insert(work, Attempts).values(key=key, count=0, forget_at=moment)
        work.execute(empty.on_conflict_do_nothing())
        row = _locked(work, key)
        assert row is not None  # noqa: S101  just inserted, or by someone we waited for
    if row.forget_at <= moment:
        row.count, row.blocked_until = 0, None
    if row.blocked_until is not None and row.blocked_until > moment:
        raise _limited(rule, row.blocked_until, moment)
    blocked, forget = row.blocked_until, row.forget_at
    failed = forget - rule.memory if row.count and isinstance(rule, Pauses) else None
    rule.count(row, moment)
    if row.blocked_until is not None and row.blocked_until > moment:
        seconds = math.ceil((row.blocked_until - moment).total_seconds())
        audit.note("limit reached", limit=rule.name, counter=key[:12], seconds=seconds)
    return Guess(key, row.count, blocked, forget, failed)


def _locked(work: Session, key: str) -> Attempts | None:
    return work.get(Attempts, key, with_for_update=True, populate_existing=True)


def _limited(rule: Rule, until: datetime, moment: datetime) -> RateLimited:
    seconds = max(1, math.ceil((until - moment).total_seconds()))
    if seconds < 120:
        pause = "1 second" if seconds == 1 else f"{seconds} seconds"
    else:
        pause = f"{math.ceil(seconds / 60)} minutes"
    return RateLimited(f"{rule.problem} Try again in {pause}{rule.advice}.", retry_after=seconds)


def _key(rule: Rule, subject: str) -> str:
    secret = current_app.config["SETTINGS"].secret_key.encode()
    return hmac.new(secret, f"{rule.name}:{subject}".encode(), hashlib.sha256).hexdigest()


_lines: dict[str, tuple[Lock, int]] = {}
_lines_lock = concurrency.lock()


@contextmanager
def _in_turn(key: str) -> Iterator[None]:
    with _lines_lock:
        line, waiting = _lines.get(key) or (concurrency.lock(), 0)
        _lines[key] = line, waiting + 1
    try:
        with line:
            yield
    finally:
        with _lines_lock:
            waiting = _lines[key][1] - 1
            if waiting:
                _lines[key] = line, waiting
            else:
                del _lines[key]
