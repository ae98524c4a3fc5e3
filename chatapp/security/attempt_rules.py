"""The rules for attempts, and the named limits: how many, from where, in what time.

There are two rules:

- `Pauses` for guesses at one account's password. Five are free; then there are pauses, the first of
  30 s and each twice the last, up to 15 minutes: at most 10 tries in any 15 minutes, from any
  number of addresses.
- `Quota`: so many in a period, for what one address may do (`network`: of IPv6 a /64).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from chatapp.models import Attempts


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
