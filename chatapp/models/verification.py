"""Links in mails that prove that someone reads an address."""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

from sqlalchemy import ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from chatapp.core.db import Id, Model, Timestamps, UtcDateTime


class Verification(Timestamps, Model):
    """One link: what it is for, and the address it went to. There is one a person and purpose.

    ``token_hash`` is the SHA-256 of the link's token, which isn't stored. ``used_at`` is kept
    until the next link of this purpose, so that who follows it twice is told.
    """

    __tablename__ = "verifications"
    __table_args__ = (UniqueConstraint("user_id", "purpose"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=lambda: str(uuid4()))
    user_id: Mapped[str] = mapped_column(Id, ForeignKey("users.id"))
    #: `verify` the account's address, `email`: a new one, `reset` the password.
    purpose: Mapped[str] = mapped_column(String(10))
    email: Mapped[str] = mapped_column(String(254))
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
