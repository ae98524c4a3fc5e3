"""Credentials of other applications."""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

from sqlalchemy import Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from chatapp.core.db import Id, Model, Timestamps, UtcDateTime


class ServiceToken(Timestamps, Model):
    """A credential of another application. Only its SHA-256 (``token_hash``) is stored.

    Live tokens have unique names; revoked ones keep theirs for the record.
    """

    __tablename__ = "service_tokens"
    __table_args__ = (
        Index(
            "uq_service_tokens_name_live",
            "name",
            unique=True,
            postgresql_where=text("revoked_at IS NULL"),
            sqlite_where=text("revoked_at IS NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=lambda: str(uuid4()))
    name: Mapped[str] = mapped_column(String(80))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    #: Names from `chatapp.security.scopes`, separated by spaces.
    scopes: Mapped[str] = mapped_column(String(255))
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    def allows(self, scope: str) -> bool:
        """Check whether the token was created with this scope."""
        return scope in self.scopes.split()
