"""What keeps people signed in: bearer tokens of clients, sessions of browsers."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from chatapp.db import Id, Model, Timestamps, UtcDateTime


class AccessToken(Timestamps, Model):
    """A bearer token by its id (`jti`). The token itself is never stored."""

    __tablename__ = "access_tokens"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    user_id: Mapped[str] = mapped_column(Id, ForeignKey("users.id"), index=True)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class StoredSession(Timestamps, Model):
    """A browser's session. ``id`` is the SHA-256 of the cookie's value, which isn't stored."""

    __tablename__ = "sessions"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[str | None] = mapped_column(Id, ForeignKey("users.id"), index=True)
    data: Mapped[bytes] = mapped_column(LargeBinary)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
