"""Invitation links for registering."""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from chatapp.core.db import Id, Model, Timestamps, UtcDateTime


class Invitation(Timestamps, Model):
    """A link that lets up to ``most_uses`` people register. Only its token's hash is stored."""

    __tablename__ = "invitations"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=lambda: str(uuid4()))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    #: None if it was created on the command line.
    created_by: Mapped[str | None] = mapped_column(Id, ForeignKey("users.id"))
    #: The only email address that may use it; None for any.
    email: Mapped[str | None] = mapped_column(String(254))
    most_uses: Mapped[int] = mapped_column(default=1)
    uses: Mapped[int] = mapped_column(default=0)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
