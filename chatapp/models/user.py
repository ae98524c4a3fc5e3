"""User accounts."""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

from flask_login import UserMixin
from sqlalchemy import CheckConstraint, ColumnElement, Index, String, Text, func, or_
from sqlalchemy.orm import Mapped, mapped_column

from chatapp.core.db import Id, Model, SoftDelete, Timestamps, UtcDateTime, now


class User(UserMixin, Timestamps, SoftDelete, Model):  # type: ignore[misc]
    """A person with an account.

    ``email`` and ``username`` are stored in lower case, so that their unique constraints ignore
    case on every database. Deleting an account clears both, and ``external_id``.
    """

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint("email = lower(email)", name="email_lower"),
        CheckConstraint("username = lower(username)", name="username_lower"),
        Index("ix_users_name_id", "name", "id"),
    )

    @classmethod
    def name_contains(cls, words: str) -> ColumnElement[bool]:
        """Match people whose name or username contains ``words``, ignoring case."""
        folded = words.lower()
        named = func.lower(cls.name).contains(folded, autoescape=True)
        return or_(named, cls.username.contains(folded, autoescape=True))

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=lambda: str(uuid4()))
    email: Mapped[str | None] = mapped_column(String(254), unique=True)
    #: When they confirmed ``email``; None until then.
    email_verified_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    username: Mapped[str] = mapped_column(String(64), unique=True)
    #: The id that another application uses for this person. All service tokens share one namespace,
    #: so that the application keeps its people when it changes its token.
    external_id: Mapped[str | None] = mapped_column(String(255), unique=True, index=True)
    #: Argon2id, with its parameters; None for an account without a password.
    password_hash: Mapped[str | None] = mapped_column(String(255))

    name: Mapped[str] = mapped_column(String(80))
    description: Mapped[str | None] = mapped_column(Text)
    resume_link: Mapped[str | None] = mapped_column(String(2000))
    role: Mapped[str | None] = mapped_column(String(80))
    #: The address as given, of another site or of an upload; pages show `picture_id` instead.
    profile_picture: Mapped[str | None] = mapped_column(String(2000))
    #: The stored copy, once there is one.
    picture_id: Mapped[str | None] = mapped_column(Id)
    phone_number: Mapped[str | None] = mapped_column(String(40))

    theme_mode: Mapped[str] = mapped_column(String(10), default="system")
    theme_color: Mapped[str | None] = mapped_column(String(7))
    background_image: Mapped[str | None] = mapped_column(String(2000))
    background_id: Mapped[str | None] = mapped_column(Id)
    theme: Mapped[str | None] = mapped_column(String(40))
    #: Whether Enter sends and Shift+Enter breaks the line, or the other way round.
    enter_sends: Mapped[bool] = mapped_column(default=True)

    #: Hides when this person was last seen, and hides it from them for others.
    hide_last_seen: Mapped[bool] = mapped_column(default=False)
    #: Hides what this person has read, and hides it from them for others.
    hide_read_receipts: Mapped[bool] = mapped_column(default=False)
    #: Which messages notify this person, unless a conversation has its own setting.
    notify: Mapped[str] = mapped_column(String(10), default="all")

    is_active: Mapped[bool] = mapped_column(default=True)
    is_staff: Mapped[bool] = mapped_column(default=False)
    is_superuser: Mapped[bool] = mapped_column(default=False)
    date_joined: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    last_login: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_seen: Mapped[datetime | None] = mapped_column(UtcDateTime)
