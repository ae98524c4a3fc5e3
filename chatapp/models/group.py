"""Group data that isn't in the conversation's row, which changes with every message."""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from chatapp.core.db import Id, Model, SoftDelete, Timestamps, UtcDateTime


class Group(Timestamps, SoftDelete, Model):
    """A group. Its name, members and messages belong to its conversation."""

    __tablename__ = "groups"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=lambda: str(uuid4()))
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"), unique=True)
    description: Mapped[str | None] = mapped_column(Text)
    #: The address as given; pages show `picture_id` instead.
    group_picture: Mapped[str | None] = mapped_column(String(2000))
    picture_id: Mapped[str | None] = mapped_column(Id)
    created_by: Mapped[str] = mapped_column(Id, ForeignKey("users.id"))


class GroupLink(Timestamps, Model):
    """A link that lets everyone who has it join a group. Its token is this id, signed."""

    __tablename__ = "group_links"

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=lambda: str(uuid4()))
    group_id: Mapped[str] = mapped_column(Id, ForeignKey("groups.id"), index=True)
    created_by: Mapped[str] = mapped_column(Id, ForeignKey("users.id"))
    #: How many people can join with it; None for no limit.
    most_uses: Mapped[int | None] = mapped_column()
    uses: Mapped[int] = mapped_column(default=0)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
