"""How many sign-ins make REST calls in each dialect."""

from __future__ import annotations

from collections import OrderedDict

from flask import g

from chatapp.realtime.speakers import Speakers

#: Sign-ins that a `UseCounter` remembers.
_MAX_SIGN_INS = 10_000


class UseCounter:
    """Counts the sign-ins that make calls in a dialect, each of them once.

    Beyond `_MAX_SIGN_INS` the one that was idle longest is forgotten.
    """

    def __init__(self, speakers: Speakers) -> None:
        self._speakers = speakers
        self._sign_ins: OrderedDict[tuple[str, str], None] = OrderedDict()

    def count(self, dialect: str) -> None:
        """Count the current request's sign-in, or its signing in, unless it was counted before."""
        sign_in = g.get("sign_in")
        if sign_in is not None:
            key = (dialect, sign_in.id)
            counted = key in self._sign_ins
            self._sign_ins[key] = None
            self._sign_ins.move_to_end(key)
            if counted:
                return
            if len(self._sign_ins) > _MAX_SIGN_INS:
                self._sign_ins.popitem(last=False)
        self._speakers.note_use(dialect, sign_in.user_id if sign_in else None)
