"""The counters of attempts. They are in the database, so a restart forgets nothing."""

from __future__ import annotations

import hashlib
import hmac
import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Flask, current_app
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from chatapp.core.clock import Interval
from chatapp.core.db import atomic, db, insert, now
from chatapp.core.errors import RateLimited
from chatapp.models import Attempts
from chatapp.security import audit
from chatapp.security.attempt_rules import Pauses, Quota, Rule


@dataclass(frozen=True, slots=True)
class Counted:
    """An attempt that was counted, and the state of its counter before."""

    key: str
    #: How many the counter holds with this one.
    count: int
    blocked_before: datetime | None
    forget_before: datetime
    failed_before: datetime | None


def init_app(app: Flask) -> None:
    """Delete old counters at an interval that this app keeps for itself."""
    app.extensions["attempts_sweep"] = Interval(600)


def count(work: Session, rule: Rule, subject: str) -> Counted:
    """Count one more under this rule; return what was there before. Raises RateLimited."""
    moment, key = now(), key_of(rule, subject)
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
    return Counted(key, row.count, blocked, forget, failed)


def take_back(counted: Counted, *, quiet_time: timedelta) -> None:
    """Don't count this attempt after all; forget failures from before ``quiet_time``.

    Others may have failed since, in other processes: their pause stays.
    """
    with atomic() as work:
        row = _locked(work, counted.key)
        if row is None:
            return
        last = row.count == counted.count
        row.count -= 1
        failed = counted.failed_before
        if last and (failed is None or failed <= now() - quiet_time):
            work.delete(row)
        elif last:
            row.blocked_until = counted.blocked_before
            row.forget_at = counted.forget_before


def check(quota: Quota, subject: str) -> None:
    """Raise RateLimited where nothing of the quota is left."""
    moment = now()
    until = db.session.scalar(
        select(Attempts.blocked_until).where(
            Attempts.key == key_of(quota, subject), Attempts.blocked_until > moment
        )
    )
    if until is not None:
        raise _limited(quota, until, moment)


def sweep_when_due() -> None:
    """Delete the counters that no longer count, now and then."""
    interval: Interval = current_app.extensions["attempts_sweep"]
    if interval.due():
        with atomic() as work:
            work.execute(delete(Attempts).where(Attempts.forget_at <= now()))


def key_of(rule: Rule, subject: str) -> str:
    """Return the key of the subject's counter under this rule: a keyed hash, so it names nobody."""
    secret = current_app.config["SETTINGS"].secret_key.encode()
    return hmac.new(secret, f"{rule.name}:{subject}".encode(), hashlib.sha256).hexdigest()


def _locked(work: Session, key: str) -> Attempts | None:
    return work.get(Attempts, key, with_for_update=True, populate_existing=True)


def _limited(rule: Rule, until: datetime, moment: datetime) -> RateLimited:
    seconds = max(1, math.ceil((until - moment).total_seconds()))
    if seconds < 120:
        pause = "1 second" if seconds == 1 else f"{seconds} seconds"
    else:
        pause = f"{math.ceil(seconds / 60)} minutes"
    return RateLimited(f"{rule.problem} Try again in {pause}{rule.advice}.", retry_after=seconds)
