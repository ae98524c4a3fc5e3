"""Counters of recent attempts, such as passwords that were tried."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from chatapp.core.db import Model, UtcDateTime


class Attempts(Model):
    """A counter of `security.attempt_counters`. The key is a keyed hash, so it names nobody."""

    __tablename__ = "attempts"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    count: Mapped[int] = mapped_column(default=0)
    #: No attempt is allowed before this time.
    blocked_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: The counter has expired after this time.
    forget_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
