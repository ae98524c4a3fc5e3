"""Mailed links that prove who reads an email address."""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

from sqlalchemy import ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from chatapp.core.db import Id, Model, Timestamps, UtcDateTime


class Verification(Timestamps, Model):
    """A mailed link, with its purpose and address. A person has one per purpose.

    Only the SHA-256 of its token is stored. ``used_at`` is kept until the next link of this
    purpose, so that people who follow a link twice can be told so.
    """

    __tablename__ = "verifications"
    __table_args__ = (UniqueConstraint("user_id", "purpose"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=lambda: str(uuid4()))
    user_id: Mapped[str] = mapped_column(Id, ForeignKey("users.id"))
    #: `verify` the account's address, change it (`email`), or `reset` the password.
    purpose: Mapped[str] = mapped_column(String(10))
    email: Mapped[str] = mapped_column(String(254))
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
