"""Sign-ins: where people are signed in, by browser session or bearer token."""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from chatapp.core.db import Id, Model, Timestamps, UtcDateTime, now


class SignIn(Model):
    """One place where a person is signed in: a browser, or a client with a token.

    This row alone decides whether a credential is valid. A token refers to it by its `jti`, a
    browser session by its "sign_in" value; neither secret is stored.
    """

    __tablename__ = "sign_ins"
    __table_args__ = (CheckConstraint("kind IN ('session', 'token', 'service')", name="kind"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=lambda: str(uuid4()))
    user_id: Mapped[str] = mapped_column(Id, ForeignKey("users.id"), index=True)
    #: session: a browser; token: signed in over REST; service: created by another application.
    kind: Mapped[str] = mapped_column(String(10))
    service_token_id: Mapped[str | None] = mapped_column(
        Id, ForeignKey("service_tokens.id"), index=True
    )
    user_agent: Mapped[str] = mapped_column(String(400), default="")
    ip: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    #: Exact to some minutes.
    last_used_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class StoredSession(Timestamps, Model):
    """A browser session. ``id`` is the SHA-256 of the cookie, which isn't stored."""

    __tablename__ = "sessions"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    data: Mapped[bytes] = mapped_column(LargeBinary)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
