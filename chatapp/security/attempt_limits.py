"""Quotas for costly requests, over all doors and processes together.

`attempt_rules` has the quotas; `password_guesses` counts guesses at passwords. Where RATE_LIMITS is
off, nothing is counted.
"""

from __future__ import annotations

from chatapp.core.db import atomic
from chatapp.core.errors import RateLimited
from chatapp.security import attempt_counters, rate_limits
from chatapp.security.attempt_rules import Quota


def spend(quota: Quota, subject: str) -> None:
    """Use up one of the quota. Raises RateLimited where none is left."""
    if rate_limits.enabled():
        attempt_counters.sweep_when_due()
        with atomic() as work:
            attempt_counters.count(work, quota, subject)


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
        attempt_counters.check(quota, subject)
