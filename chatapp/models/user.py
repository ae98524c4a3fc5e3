"""People."""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

from flask_login import UserMixin
from sqlalchemy import CheckConstraint, ColumnElement, Index, String, Text, func, or_
from sqlalchemy.orm import Mapped, mapped_column

from chatapp.core.db import Id, Model, SoftDelete, Timestamps, UtcDateTime, now


class User(UserMixin, Timestamps, SoftDelete, Model):  # type: ignore[misc]
    """Someone with an account.

    ``email`` and ``username`` are stored in lower case, so that their unique constraints hold
    without regard to case on every database. Deleting an account clears both, and ``external_id``.
    """

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint("email = lower(email)", name="email_lower"),
        CheckConstraint("username = lower(username)", name="username_lower"),
        Index("ix_users_name_id", "name", "id"),
    )

    @classmethod
    def is_called(cls, words: str) -> ColumnElement[bool]:
        """Whether name or username contain ``words``, without regard to case."""
        folded = words.lower()
        named = func.lower(cls.name).contains(folded, autoescape=True)
        return or_(named, cls.username.contains(folded, autoescape=True))

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=lambda: str(uuid4()))
    email: Mapped[str | None] = mapped_column(String(254), unique=True)
    #: When they showed that they read ``email``; None while they haven't.
    email_verified_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    username: Mapped[str] = mapped_column(String(64), unique=True)
    #: What an outer application calls this person: one namespace for all service tokens, so that
    #: the application keeps its people when it changes its token.
    external_id: Mapped[str | None] = mapped_column(String(255), unique=True, index=True)
    #: Argon2id, with its parameters; None for an account without a password.
    password_hash: Mapped[str | None] = mapped_column(String(255))

    name: Mapped[str] = mapped_column(String(80))
    description: Mapped[str | None] = mapped_column(Text)
    resume_link: Mapped[str | None] = mapped_column(String(2000))
    role: Mapped[str | None] = mapped_column(String(80))
    #: As it was given: an https address, or one of our own; pages show `picture_id` instead.
    profile_picture: Mapped[str | None] = mapped_column(String(2000))
    #: The copy that is kept here, once there is one.
    picture_id: Mapped[str | None] = mapped_column(Id)
    phone_number: Mapped[str | None] = mapped_column(String(40))

    theme_mode: Mapped[str] = mapped_column(String(10), default="system")
    theme_color: Mapped[str | None] = mapped_column(String(7))
    background_image: Mapped[str | None] = mapped_column(String(2000))
    background_id: Mapped[str | None] = mapped_column(Id)
    theme: Mapped[str | None] = mapped_column(String(40))
    #: Whether Enter sends a message and Shift+Enter breaks the line, or the other way round.
    enter_sends: Mapped[bool] = mapped_column(default=True)

    #: Nobody learns when this person was last here; nor does this person of others.
    hide_last_seen: Mapped[bool] = mapped_column(default=False)
    #: Nobody learns what this person has read; nor does this person of others.
    hide_read_receipts: Mapped[bool] = mapped_column(default=False)
    #: Of which messages this person is told where a conversation says nothing else.
    notify: Mapped[str] = mapped_column(String(10), default="all")

    is_active: Mapped[bool] = mapped_column(default=True)
    is_staff: Mapped[bool] = mapped_column(default=False)
    is_superuser: Mapped[bool] = mapped_column(default=False)
    date_joined: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    last_login: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_seen: Mapped[datetime | None] = mapped_column(UtcDateTime)
