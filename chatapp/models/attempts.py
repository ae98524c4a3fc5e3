"""How often something was tried of late."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from chatapp.core.db import Model, UtcDateTime


class Attempts(Model):
    """A counter of `auth.lockout`. Its key is a keyed hash: the table names nobody."""

    __tablename__ = "attempts"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    count: Mapped[int] = mapped_column(default=0)
    #: Nothing is tried under this key before then.
    blocked_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: From then on the counter is as good as absent.
    forget_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
